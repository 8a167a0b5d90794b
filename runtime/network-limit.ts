import { LRUCache } from 'lru-cache'
import { type Network, networksOf } from './networks-of.ts'
import type { RateLimit, RateLimiter } from './rate-limiter.ts'

/** Counts what the networks of an address do. An address within a refused network is refused. */
export interface NetworkLimit {
  /**
   * Asks no store.
   * @returns the seconds to wait, when a network of this address is known to be over its limit; else undefined
   */
  refused(address: string): number | undefined
  /**
   * Counts events: one, unless said otherwise. What is refused already is not counted again.
   * @returns undefined when all networks of the address are within their limits, else the seconds to wait
   */
  count(address: string, events?: number): Promise<number | undefined>
  /** Says the same about what has been counted so far, and counts nothing. */
  exceeded(address: string): Promise<number | undefined>
}

/** How many networks over their limits are remembered: the store finds out about any others again. */
const maxRefused = 10_000

/**
 * Makes one limiter for each width of network, and finds those of an address, from narrow to wide.
 * @param createLimiter makes a limiter; the name of a wider network's ends in its prefix, such as `login-56`
 * @param limit of one address; wider networks have a few times as much
 */
export function limitersOfNetworks<Limiter>(
  createLimiter: (name: string, limit: RateLimit) => Limiter,
  name: string,
  { points, seconds }: RateLimit,
): (address: string) => readonly (readonly [limiter: Limiter, key: string])[] {
  const limiters = new Map<number, Limiter>()
  function limiterOf({ prefix, share }: Network): Limiter {
    const known = limiters.get(share)
    if (known !== undefined) return known
    const limiter = createLimiter(share === 1 ? name : `${name}-${prefix}`, {
      points: points * share,
      seconds,
    })
    limiters.set(share, limiter)
    return limiter
  }
  return (address) => networksOf(address).map((network) => [limiterOf(network), network.key])
}

/**
 * Makes a limit for IPv4 addresses and for IPv6 networks of 64, 56 and 48 bits. Networks are counted from narrow to
 * wide, and counting ends at the first that is over its limit: it costs its neighbours nothing more.
 */
export function createNetworkLimit(
  createLimiter: (name: string, limit: RateLimit) => RateLimiter,
  name: string,
  limit: RateLimit,
): NetworkLimit {
  const limitersOf = limitersOfNetworks(createLimiter, name, limit)
  const known = new LRUCache<string, true>({ max: maxRefused })

  function refused(address: string): number | undefined {
    const remainingMs = Math.max(...networksOf(address).map(({ key }) => known.getRemainingTTL(key)))
    return remainingMs > 0 ? Math.ceil(remainingMs / 1000) : undefined
  }

  async function first(
    address: string,
    ask: (limiter: RateLimiter, key: string) => Promise<number | undefined>,
  ): Promise<number | undefined> {
    const wait = refused(address)
    if (wait !== undefined) return wait
    for (const [limiter, key] of limitersOf(address)) {
      const seconds = await ask(limiter, key)
      if (seconds === undefined) continue
      known.set(key, true, { ttl: seconds * 1000 })
      return seconds
    }
    return undefined
  }

  return {
    refused,
    count: (address, events) => first(address, (limiter, key) => limiter.count(key, events)),
    exceeded: (address) => first(address, (limiter, key) => limiter.exceeded(key)),
  }
}
