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
        if (reason instanceof RateLimiterRes) return Math.max(1, Math.ceil(reason.msBeforeNext / 1000))
        throw reason
      }
    },
  }
}
