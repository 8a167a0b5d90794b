import { LRUCache } from 'lru-cache'
import { type RateLimiterAbstract, RateLimiterMemory } from 'rate-limiter-flexible'
import { networkOf } from './network-of.ts'
import { type RateLimit, withFallback, wrapLimiter } from './rate-limiter.ts'

/** Counts what an address asks for. */
export interface AddressLimit {
  /**
   * Asks no store.
   * @returns the seconds to wait, when this address is known to have asked too often; else undefined
   */
  refused(address: string): number | undefined
  /**
   * Counts one request.
   * @returns undefined when it is within the limit, else the seconds to wait
   */
  count(address: string): Promise<number | undefined>
}

/** How many addresses that asked too often are remembered: any others are found out again by the store. */
const maxRefused = 10_000

/** How long the shared counts may take to answer, in milliseconds. */
const timeoutMs = 1000

/**
 * Makes a limit that replicas share. The first tenth of it is counted in this process alone, so that who asks little
 * costs the store nothing; so are all requests of who asks too much, and everything while the store cannot be asked.
 * @param createLimiter makes the shared limit
 */
export function createAddressLimit(
  createLimiter: (limit: RateLimit) => RateLimiterAbstract,
  { points, seconds }: RateLimit,
): AddressLimit {
  const localPoints = Math.floor(points / 10)
  const local = wrapLimiter(new RateLimiterMemory({ points: localPoints, duration: seconds }))
  const rest = points - localPoints
  const shared = withFallback(
    wrapLimiter(createLimiter({ points: rest, seconds })),
    wrapLimiter(new RateLimiterMemory({ points: rest, duration: seconds })),
    timeoutMs,
  )
  const refused = new LRUCache<string, true>({ max: maxRefused })
  return {
    refused(address) {
      const remainingMs = refused.getRemainingTTL(networkOf(address))
      return remainingMs > 0 ? Math.ceil(remainingMs / 1000) : undefined
    },
    async count(address) {
      const key = networkOf(address)
      if ((await local.count(key)) === undefined) return undefined
      const waitSeconds = await shared.count(key)
      if (waitSeconds !== undefined) refused.set(key, true, { ttl: waitSeconds * 1000 })
      return waitSeconds
    },
  }
}
