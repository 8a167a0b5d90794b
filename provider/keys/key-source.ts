import type { Config } from '../../config/index.ts'
import type { Storage } from '../storage/storage.ts'
import { createJwksSource } from './jwks-source.ts'
import { keysOf } from './key-ring.ts'
import type { Keys } from './keys.ts'
import { createSharedKeyRing, type SharedKeyRing } from './shared-key-ring.ts'

/** Where the keys come from. */
export interface KeySource {
  /**
   * Tells the keys of this moment.
   * @throws InvalidJwksError when the operator's keys cannot be used
   * @throws Error when the storage cannot be asked
   */
  load(): Promise<Keys>
}

type KeyConfig = Pick<Config, 'jwks' | 'cookieKeys' | 'keyRotationDays'>

/**
 * The operator's keys, as far as there are any; otherwise this server's own, which all replicas share.
 * @param now the clock, Unix milliseconds
 * @param steady milliseconds of a clock that never steps back
 */
export function createKeySource(
  config: KeyConfig,
  storage: Storage,
  now: () => number,
  steady: () => number = now,
): KeySource {
  const given = config.jwks === undefined ? undefined : createJwksSource(config.jwks, steady)
  const own = keyRingOf(config, storage, now)
  return {
    async load() {
      const { cookieKeys } = config
      if (given && cookieKeys) return { signing: await given.load(), cookies: cookieKeys }
      const { signing, cookies } = keysOf(await own.load())
      return { signing: given ? await given.load() : signing, cookies: cookieKeys ?? cookies }
    },
  }
}

/** The ring that this configuration shares with its replicas. */
export function keyRingOf(
  { keyRotationDays }: Pick<Config, 'keyRotationDays'>,
  storage: Storage,
  now: () => number,
): SharedKeyRing {
  return createSharedKeyRing(storage, keyRotationDays * 86_400_000, now)
}
