import { RateLimiterMemory } from 'rate-limiter-flexible'
import { type RateLimiter, wrapLimiter } from '../../runtime/rate-limiter.ts'
import { createMemoryReplayStore } from '../auth/memory-replay-store.ts'
import type { SharedState } from './shared-state.ts'

/** State in this process: right for one replica, and gone when it stops. */
export function openMemoryState(now: () => number): SharedState {
  const limiters = new Map<string, RateLimiter>()
  return {
    replayStore: createMemoryReplayStore({ now }),
    createRateLimiter(name, { points, seconds }) {
      const limiter = limiters.get(name) ?? wrapLimiter(new RateLimiterMemory({ points, duration: seconds }))
      limiters.set(name, limiter)
      return limiter
    },
    check: async () => {},
    close: async () => {},
  }
}
