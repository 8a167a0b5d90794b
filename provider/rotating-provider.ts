import type { RequestListener } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { Provider } from 'oidc-provider'
import { ConfigError } from '../config/index.ts'
import { buildProvider } from './build-provider.ts'
import type { KeySource } from './keys/key-source.ts'
import type { Keys } from './keys/keys.ts'
import { InvalidJwksError } from './keys/parse-jwks.ts'
import { poll } from './keys/poll.ts'
import type { Parts } from './parts.ts'

/** A provider whose keys change while it serves. */
export interface RotatingProvider {
  /** Answers requests. It stays the same when the keys change. */
  readonly listener: RequestListener
  /** What answers at the moment. */
  readonly provider: Provider
  /** Looks for other keys, and answers with them from now on. A request that has begun ends with its own. */
  refreshKeys(): Promise<void>
  /** Looks for other keys no more. */
  stop(): void
}

/** How often keys are looked for that another replica, a command or the operator has put in place. */
const pollMs = 3000

/**
 * oidc-provider reads its keys when it is constructed, so new keys mean a new Provider behind the same
 * listener.
 * @throws ConfigError when JWKS cannot be used
 */
export async function createRotatingProvider(parts: Parts, source: KeySource): Promise<RotatingProvider> {
  const build = (keys: Keys) => {
    const provider = buildProvider(parts, keys)
    return { keys, provider, listener: provider.callback() }
  }
  let current = build(await source.load().catch(refuse))

  async function refreshKeys(): Promise<void> {
    const keys = await source.load()
    if (isDeepStrictEqual(keys, current.keys)) return
    const rotated = signer(keys) !== signer(current.keys)
    current = build(keys)
    if (rotated) parts.audit({ event: 'keys_rotated', keyId: signer(keys) })
  }

  return {
    listener: (request, response) => current.listener(request, response),
    get provider() {
      return current.provider
    },
    refreshKeys,
    stop: poll('the keys', refreshKeys, pollMs, parts.logger),
  }
}

function signer({ signing }: Keys): string {
  return String(signing.keys[0]?.kid)
}

/** What is wrong with the operator's keys is a setting to correct, when the program starts. */
function refuse(error: unknown): never {
  if (!(error instanceof InvalidJwksError)) throw error
  throw new ConfigError([{ variable: 'JWKS', problem: error.message }])
}
