import type { RequestListener } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { Provider } from 'oidc-provider'
import { type Config, ConfigError } from '../config/index.ts'
import { createAddressOf } from '../runtime/address-of.ts'
import type { Logger } from '../runtime/logger.ts'
import { openAccounts } from './accounts/open-accounts.ts'
import { buildProvider } from './build-provider.ts'
import { createGuardedFetch } from './guarded-fetch.ts'
import { createKeySource } from './keys/key-source.ts'
import type { Keys } from './keys/keys.ts'
import { InvalidJwksError } from './keys/parse-jwks.ts'
import { poll } from './keys/poll.ts'
import { createAudit } from './observability/audit.ts'
import type { Parts } from './parts.ts'
import { openStorage } from './storage/open-storage.ts'
import type { Storage } from './storage/storage.ts'

/** What the provider is given by whoever starts it. */
export interface ProviderOptions {
  readonly logger: Logger
  /** Where it keeps its state. Default: what `config.store` names. */
  readonly storage?: Storage
  /** Fetches client metadata documents. Default: one that reaches the public Internet only. */
  readonly fetch?: typeof globalThis.fetch
  /** The clock that keys are rotated by, Unix milliseconds. */
  readonly now?: () => number
}

/** How often keys are looked for that another replica, the command or the operator has put in place. */
const keyPollMs = 3000

/** The authorization server, ready to be served. */
export interface AuthorizationServer {
  /** Answers requests. It stays the same when the keys change. */
  readonly listener: RequestListener
  /** What answers at the moment. */
  readonly provider: Provider
  /** Looks for other keys, and answers with them from now on. A request that has begun ends with its own. */
  refreshKeys(): Promise<void>
  /** Lets go of what it opened. To be called when nothing is served any more. */
  close(): Promise<void>
}

/**
 * Makes the authorization server. oidc-provider reads its keys when it is constructed, so new keys mean a
 * new Provider behind the same listener.
 * @throws ConfigError when the issuer has a path, or the accounts or keys that are named cannot be used
 */
export async function createProvider(config: Config, options: ProviderOptions): Promise<AuthorizationServer> {
  if (new URL(config.issuer).pathname !== '/') {
    const problem = 'must have no path: this provider answers at the root of its host'
    throw new ConfigError([{ variable: 'ISSUER', problem }])
  }
  const { logger, fetch = createGuardedFetch(), now = Date.now } = options
  const audit = createAudit(logger)
  const accounts = openAccounts(config, { logger, audit })
  const onerror = (error: Error) => logger.error({ err: error }, 'the store cannot be reached')
  const storage = options.storage ?? (await openStorage(config.store, { keys: config.storeKeys, onerror }))
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
    return { keys, provider, listener: provider.callback() }
  }
  const keySource = createKeySource(config, storage, now)
  const closeStorage = async () => {
    if (!options.storage) await storage.close()
  }
  let current = build(
    await keySource.load().catch(async (error) => {
      await closeStorage()
      throw error instanceof InvalidJwksError ? unusableJwks(error) : error
    }),
  )
  const refreshKeys = async () => {
    const keys = await keySource.load()
    if (isDeepStrictEqual(keys, current.keys)) return
    const rotated = signer(keys) !== signer(current.keys)
    current = build(keys)
    if (rotated) audit({ event: 'keys_rotated', keyId: signer(keys) })
  }
  const stopPolling = poll('the keys', refreshKeys, keyPollMs, logger)
  return {
    listener: (request, response) => current.listener(request, response),
    get provider() {
      return current.provider
    },
    refreshKeys,
    async close() {
      stopPolling()
      await closeStorage()
    },
  }
}

function signer({ signing }: Keys): string {
  return String(signing.keys[0]?.kid)
}

/** What is wrong with the operator's keys is a setting to correct, when the program starts. */
function unusableJwks({ message }: InvalidJwksError): ConfigError {
  return new ConfigError([{ variable: 'JWKS', problem: message }])
}
