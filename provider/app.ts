import { randomBytes } from 'node:crypto'
import Router from '@koa/router'
import type Koa from 'koa'
import { Provider } from 'oidc-provider'
import { type Config, ConfigError, testAccounts } from '../config/index.ts'
import type { Logger } from '../runtime/logger.ts'
import { securityHeaders } from '../runtime/security-headers.ts'
import { createAccounts } from './accounts.ts'
import { errorPages } from './error-pages.ts'
import { hostPinning } from './host-pinning.ts'
import { createFormTokens } from './interactions/form-token.ts'
import { interactionRoutes } from './interactions/routes.ts'
import { guardedFetch } from './metadata-documents.ts'
import { oidcConfiguration } from './oidc-configuration.ts'
import { advertiseResourceScopes, registrationCors } from './public-endpoints.ts'
import { createSigningKeys } from './signing-keys.ts'
import { createStorage, type Storage } from './storage/create-storage.ts'
import { homePage } from './views/home.ts'
import { sendPage } from './views/send-page.ts'

/** What the provider is given by whoever starts it. */
export interface ProviderOptions {
  readonly logger: Logger
  /** Where it keeps its state. Default: what `config.store` names. */
  readonly storage?: Storage
  /** Fetches client metadata documents. Default: Node's `fetch`, kept away from internal addresses. */
  readonly fetch?: typeof globalThis.fetch
}

/**
 * Assembles the authorization server: a Koa app, oidc-provider in the middle, pages around it.
 * Keys and cookies are good for this process only.
 * @throws ConfigError when the issuer has a path
 */
export async function createProvider(config: Config, options: ProviderOptions): Promise<Provider> {
  const { logger, storage = createStorage(config.store), fetch = guardedFetch } = options
  if (new URL(config.issuer).pathname !== '/') {
    const problem = 'must have no path: this provider answers at the root of its host'
    throw new ConfigError([{ variable: 'ISSUER', problem }])
  }
  const accounts = createAccounts(testAccounts)
  const provider = new Provider(
    config.issuer,
    oidcConfiguration(config, {
      accounts,
      storage,
      signingKeys: await createSigningKeys(),
      cookieKeys: [randomBytes(32).toString('base64url')],
      fetch,
    }),
  )
  provider.on('server_error', (ctx, error) => {
    logger.error({ err: error, route: ctx.oidc?.route }, 'a request failed')
  })
  const koa: Koa = provider
  koa.on('error', (error) => logger.error({ err: error }, 'an answer could not be sent'))

  provider.use(securityHeaders())
  provider.use(permitFormPost())
  provider.use(errorPages(logger))
  provider.use(hostPinning(config))
  provider.use(registrationCors())
  provider.use(advertiseResourceScopes())
  provider.use(pages(config).routes())
  const formTokens = createFormTokens(randomBytes(32))
  provider.use(interactionRoutes({ config, provider, accounts, formTokens }).routes())
  return provider
}

/** oidc-provider adds its script's hash to a `script-src` that exists (response_mode=form_post). */
function permitFormPost(): Koa.Middleware {
  return async (ctx, next) => {
    ctx.set('Content-Security-Policy', `${ctx.response.get('Content-Security-Policy')}; script-src`)
    await next()
  }
}

function pages(config: Config): Router {
  const shown = config.development ? testAccounts : []
  return new Router().get('/', (ctx) => sendPage(ctx, 200, homePage(config, shown)))
}
