import { type RateLimiterAbstract, RateLimiterMemory } from 'rate-limiter-flexible'
import { createNetworkLimit, type NetworkLimit } from './network-limit.ts'
import { type RateLimit, type RateLimiter, withFallback, wrapLimiter } from './rate-limiter.ts'

/** Counts what an address and the networks around it ask for. */
export type AddressLimit = Pick<NetworkLimit, 'refused' | 'count'>

/** How long the shared counts may take to answer, in milliseconds. */
const timeoutMs = 1000

/**
 * Makes a limit that replicas share. The first tenth of it is counted in this process alone, so that who asks little
 * costs the store nothing; so are all requests of who asks too much, and everything while the store cannot be asked.
 * @param createLimiter makes the shared limit
 * @param name keeps the counts of different limits apart
 * @param limit of one address; see {@link createNetworkLimit}
 */
export function createAddressLimit(
  createLimiter: (name: string, limit: RateLimit) => RateLimiterAbstract,
  name: string,
  limit: RateLimit,
): AddressLimit {
  return createNetworkLimit((own, each) => sparingLimiter(createLimiter, own, each), name, limit)
}

function sparingLimiter(
  createLimiter: (name: string, limit: RateLimit) => RateLimiterAbstract,
  name: string,
  { points, seconds }: RateLimit,
): RateLimiter {
  const localPoints = Math.floor(points / 10)
  const local = wrapLimiter(new RateLimiterMemory({ points: localPoints, duration: seconds }))
  const rest = points - localPoints
  const shared = withFallback(
    wrapLimiter(createLimiter(name, { points: rest, seconds })),
    wrapLimiter(new RateLimiterMemory({ points: rest, duration: seconds })),
    timeoutMs,
  )
  return {
    count: async (key, events) =>
      (await local.count(key, events)) === undefined ? undefined : shared.count(key, events),
    exceeded: (key) => shared.exceeded(key),
  }
}
