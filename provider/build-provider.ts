import Router from '@koa/router'
import type Koa from 'koa'
import { Provider } from 'oidc-provider'
import { securityHeaders } from '../runtime/security-headers.ts'
import { accountRoutes } from './account/routes.ts'
import { displayName } from './accounts/accounts.ts'
import { currentAccount } from './accounts/current-account.ts'
import { publishedAccounts } from './accounts/published-accounts.ts'
import { clientRefusals } from './client-refusals.ts'
import { currentClient } from './current-client.ts'
import { deviceEndpoints } from './device-endpoints.ts'
import { errorPages } from './error-pages.ts'
import { exactPaths } from './exact-paths.ts'
import { hostPinning } from './host-pinning.ts'
import { createFormTokens } from './interactions/form-token.ts'
import { aroundLogout } from './interactions/logout.ts'
import { interactionRoutes } from './interactions/routes.ts'
import { findSignedIn } from './interactions/signed-in.ts'
import type { Keys } from './keys/keys.ts'
import { watchProvider } from './observability/watch-provider.ts'
import { oidcConfiguration } from './oidc-configuration.ts'
import type { Parts } from './parts.ts'
import { advertiseResourceScopes, keyCaching, registrationCors } from './public-endpoints.ts'
import { limitRegistrations, renewUsedClients } from './registered-clients.ts'
import { assertRotationWritten } from './storage/refresh-rotation.ts'
import { unreadBodies } from './unread-bodies.ts'
import { untrustedRedirects } from './untrusted-redirects.ts'
import { homePage } from './views/home.ts'
import { sendPage } from './views/send-page.ts'

/**
 * Builds the Koa app that answers with one set of keys: oidc-provider in the middle, pages around it.
 * Called again for each new set, so nothing here may keep state: that belongs to the parts.
 */
export function buildProvider(parts: Parts, keys: Keys): Provider {
  const { config, logger, accounts, lastUses } = parts
  const provider = new Provider(config.issuer, oidcConfiguration(parts, keys))
  provider.on('server_error', (ctx, error) => {
    logger.error({ err: error, route: ctx.oidc?.route }, 'a request failed')
  })
  provider.on('grant.success', assertRotationWritten)
  const koa: Koa = provider
  // The forwarded headers that reach it can be believed.
  koa.proxy = true
  koa.on('error', (error) => logger.error({ err: error }, 'an answer could not be sent'))
  watchProvider(provider, parts)

  provider.use(parts.metrics.requests)
  provider.use(securityHeaders())
  provider.use(unreadBodies())
  provider.use(permitFormPost())
  provider.use(errorPages(logger))
  provider.use(parts.boundedBodies)
  provider.use(hostPinning(config))
  provider.use(exactPaths())
  provider.use(parts.requestLimits)
  provider.use(registrationCors())
  provider.use(limitRegistrations(parts))
  provider.use(renewUsedClients(parts))
  provider.use(advertiseResourceScopes())
  provider.use(keyCaching())
  provider.use(lastUses.middleware())
  provider.use(untrustedRedirects(config, provider))
  provider.use(currentAccount(accounts))
  provider.use(currentClient(config))
  provider.use(deviceEndpoints(parts))
  provider.use(clientRefusals(config.issuer))
  provider.use(aroundLogout(parts))
  provider.use(pages(parts, provider).routes())
  const formTokens = createFormTokens(keys.cookies)
  provider.use(interactionRoutes({ ...parts, provider, formTokens }).routes())
  provider.use(accountRoutes({ ...parts, provider, formTokens }).routes())
  return provider
}

/** oidc-provider adds its script's hash to a `script-src` that exists (response_mode=form_post). */
function permitFormPost(): Koa.Middleware {
  return async (ctx, next) => {
    ctx.set('Content-Security-Policy', `${ctx.response.get('Content-Security-Policy')}; script-src`)
    await next()
  }
}

function pages({ config, accounts }: Parts, provider: Provider): Router {
  return new Router().get('/', async (ctx) => {
    const signedIn = await findSignedIn(ctx, { provider, accounts })
    const name = signedIn && displayName(signedIn.account)
    sendPage(ctx, 200, homePage(config, publishedAccounts(config), name))
  })
}
