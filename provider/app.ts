import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type { Provider } from 'oidc-provider'
import { type Config, ConfigError } from '../config/index.ts'
import { createAddressOf } from '../runtime/address-of.ts'
import type { Logger } from '../runtime/logger.ts'
import { openAccounts } from './accounts/open-accounts.ts'
import { buildProvider } from './build-provider.ts'
import { createGuardedFetch } from './guarded-fetch.ts'
import { createAudit } from './observability/audit.ts'
import type { Keys, Parts } from './parts.ts'
import { createSigningKeys } from './signing-keys.ts'
import { openStorage } from './storage/open-storage.ts'
import type { Storage } from './storage/storage.ts'

/** What the provider is given by whoever starts it. */
export interface ProviderOptions {
  readonly logger: Logger
  /** Where it keeps its state. Default: what `config.store` names. */
  readonly storage?: Storage
  /** Fetches client metadata documents. Default: one that reaches the public Internet only. */
  readonly fetch?: typeof globalThis.fetch
}

/** The authorization server, ready to be served. */
export interface AuthorizationServer {
  /** Answers requests. It stays the same when the keys change. */
  readonly listener: RequestListener
  /** What answers at the moment. */
  readonly provider: Provider
  /** Answers with other keys from now on. A request that has begun ends with the keys it began with. */
  useKeys(keys: Keys): void
  /** Lets go of what it opened. To be called when nothing is served any more. */
  close(): Promise<void>
}

/**
 * Makes the authorization server. oidc-provider reads its keys when it is constructed, so new keys mean a
 * new Provider behind the same listener.
 * @throws ConfigError when the issuer has a path, or the file of accounts cannot be used
 */
export async function createProvider(config: Config, options: ProviderOptions): Promise<AuthorizationServer> {
  if (new URL(config.issuer).pathname !== '/') {
    const problem = 'must have no path: this provider answers at the root of its host'
    throw new ConfigError([{ variable: 'ISSUER', problem }])
  }
  const { logger } = options
  const audit = createAudit(logger)
  const accounts = openAccounts(config, { logger, audit })
  const { storage = await openStorage(config.store), fetch = createGuardedFetch() } = options
  const parts: Parts = {
    config,
    logger,
    storage,
    fetch,
    accounts,
    audit,
    addressOf: createAddressOf(config.trustProxy),
  }
  const build = (keys: Keys) => {
    const provider = buildProvider(parts, keys)
    return { provider, listener: provider.callback() }
  }
  let current = build({
    signing: await createSigningKeys(),
    cookies: [randomBytes(32).toString('base64url')],
  })
  return {
    listener: (request, response) => current.listener(request, response),
    get provider() {
      return current.provider
    },
    useKeys(keys) {
      current = build(keys)
    },
    async close() {
      if (!options.storage) await storage.close()
    },
  }
}
