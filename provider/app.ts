import type { RequestListener } from 'node:http'
import type { Provider } from 'oidc-provider'
import { type Config, ConfigError } from '../config/index.ts'
import { createAddressOf } from '../runtime/address-of.ts'
import { createGuardedFetch } from '../runtime/guarded-fetch.ts'
import type { Logger } from '../runtime/logger.ts'
import { withoutRepeatedErrors } from '../runtime/record-limit.ts'
import { steadyNow } from '../runtime/steady-clock.ts'
import { createConnections } from './account/connections.ts'
import { createLastUses } from './account/last-uses.ts'
import type { Accounts } from './accounts/accounts.ts'
import { openAccounts } from './accounts/open-accounts.ts'
import { createPasswordQueue, type PasswordQueueOptions } from './accounts/password-queue.ts'
import { boundedBodies } from './bounded-bodies.ts'
import { assertConfiguredClients } from './clients.ts'
import { createForwardedHeaders } from './forwarded-headers.ts'
import { createLoginLimits } from './interactions/login-limits.ts'
import { createKeySource } from './keys/key-source.ts'
import { type Audit, createAudit } from './observability/audit.ts'
import { measuredStorage } from './observability/measured-storage.ts'
import { createMetrics, type Metrics } from './observability/metrics.ts'
import type { Parts } from './parts.ts'
import { requestLimits } from './request-limits.ts'
import { createRotatingProvider } from './rotating-provider.ts'
import { openStorage } from './storage/open-storage.ts'
import type { Storage } from './storage/storage.ts'
import { createUnusedClients } from './unused-clients.ts'

/** What the provider is given by whoever starts it. */
export interface ProviderOptions {
  readonly logger: Logger
  /** Where it keeps its state. Default: what `config.store` names. */
  readonly storage?: Storage
  /** Who can sign in. Default: whom `config.accountsFile` names, or the test accounts. */
  readonly accounts?: Accounts
  /** Fetches client metadata documents. Default: one that reaches the public Internet only. */
  readonly fetch?: typeof globalThis.fetch
  /** How many unused registered clients are kept. Default 10,000. */
  readonly maxUnusedClients?: number
  /** How many passwords are judged at once, and how long one waits for that. */
  readonly passwordQueue?: PasswordQueueOptions
  /** The clock that keys are rotated by, Unix milliseconds. */
  readonly now?: () => number
}

/** The authorization server, ready to be served. */
export interface AuthorizationServer {
  /** Answers requests. It stays the same when the keys change. */
  readonly listener: RequestListener
  /** What answers at the moment. */
  readonly provider: Provider
  /** Looks for other keys, and answers with them from now on. A request that has begun ends with its own. */
  refreshKeys(): Promise<void>
  readonly metrics: Metrics
  /** Resolves when requests can be served. @throws saying what is missing */
  ready(): Promise<void>
  /** Lets go of what it opened. To be called when nothing is served any more. */
  close(): Promise<void>
}

/**
 * Makes the authorization server.
 * @throws ConfigError when the issuer has a path, or the accounts, clients or keys that are named cannot be used
 */
export async function createProvider(config: Config, options: ProviderOptions): Promise<AuthorizationServer> {
  if (new URL(config.issuer).pathname !== '/') {
    const problem = 'must have no path: this provider answers at the root of its host'
    throw new ConfigError([{ variable: 'ISSUER', problem }])
  }
  const { fetch = createGuardedFetch(), now = Date.now } = options
  const logger = withoutRepeatedErrors(options.logger)
  const metrics = createMetrics()
  const record = createAudit(logger)
  const audit: Audit = (event) => {
    metrics.happened(event.event)
    record(event)
  }
  const addressOf = createAddressOf(config.trustProxy)
  const accounts = options.accounts ?? openAccounts(config, { logger, audit })
  const onerror = (error: Error) => logger.error({ err: error }, 'the store cannot be reached')
  const opened = options.storage ?? (await openStorage(config.store, { keys: config.storeKeys, onerror }))
  const storage = measuredStorage(opened, metrics)
  const parts: Parts = {
    config,
    logger,
    storage,
    fetch,
    connections: createConnections(storage),
    lastUses: createLastUses({ storage, logger }),
    accounts,
    loginLimits: createLoginLimits(storage),
    passwordQueue: createPasswordQueue(options.passwordQueue),
    audit,
    addressOf,
    metrics,
    boundedBodies: boundedBodies({ addressOf }),
    unusedClients: createUnusedClients(storage, options.maxUnusedClients),
    requestLimits: requestLimits({ config, storage, audit, addressOf }),
  }
  const closeStorage = async () => {
    if (!options.storage) await storage.close()
  }
  const keySource = createKeySource(config, storage, now, options.now ?? steadyNow)
  const rotating = await createRotatingProvider(parts, keySource).catch(async (error) => {
    await closeStorage()
    throw error
  })
  await assertConfiguredClients(rotating.provider, config).catch(async (error) => {
    rotating.stop()
    await closeStorage()
    throw error
  })
  const keepTrusted = createForwardedHeaders(config.trustProxy)
  return {
    listener(request, response) {
      keepTrusted(request)
      rotating.listener(request, response)
    },
    get provider() {
      return rotating.provider
    },
    refreshKeys: rotating.refreshKeys,
    metrics,
    ready: () => storage.check(),
    async close() {
      rotating.stop()
      await closeStorage()
    },
  }
}
