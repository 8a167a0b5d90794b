import type { Context, Middleware } from 'koa'
import type { errors, Provider } from 'oidc-provider'
import type { Config } from '../config/index.ts'
import type { KnownClients } from './clients.ts'
import { redirectTarget, verifyClient } from './interactions/client-identity.ts'
import { sendPage } from './views/send-page.ts'
import { untrustedRedirectPage } from './views/untrusted-redirect.ts'

/**
 * Keeps this server from being an open redirector (RFC 9700 §4.11.2): anybody can register a client and
 * make it ask for something impossible, so that a link to this host would end at a host of theirs. An
 * error that comes before any page is shown here, and the user decides whether to go on.
 */
export function untrustedRedirects(config: Pick<Config, KnownClients>, provider: Provider): Middleware {
  const failures = new WeakMap<object, errors.OIDCProviderError>()
  provider.on('authorization.error', (ctx, error) => failures.set(ctx, error))
  return async (ctx, next) => {
    await next()
    const failure = failures.get(ctx)
    if (failure?.allow_redirect && ctx.oidc?.route === 'authorization') show(ctx, failure)
  }

  function show(ctx: Context, { error, error_description: description }: errors.OIDCProviderError): void {
    const { client, params } = ctx.oidc
    // Without these, the library has shown a page of ours already.
    if (!client || typeof params?.redirect_uri !== 'string') return
    if (verifyClient(client.clientId, params.redirect_uri, config).verified) return
    const location = ctx.response.get('Location')
    ctx.remove('Location')
    const { host } = redirectTarget(params.redirect_uri)
    sendPage(ctx, 400, untrustedRedirectPage({ error, description, host, location }))
  }
}
