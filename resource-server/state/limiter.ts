import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimiter } from './shared-state.ts'

/** Wraps a limiter of rate-limiter-flexible, which rejects with its result when there were too many. */
export function wrapLimiter(limiter: RateLimiterAbstract): RateLimiter {
  return {
    async count(key) {
      try {
        await limiter.consume(key)
        return undefined
      } catch (reason) {
        if (reason instanceof RateLimiterRes) return secondsUntilNext(reason)
        throw reason
      }
    },
    async exceeded(key) {
      const counted = await limiter.get(key)
      return counted && counted.consumedPoints > limiter.points ? secondsUntilNext(counted) : undefined
    },
  }
}

function secondsUntilNext({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1000))
}
