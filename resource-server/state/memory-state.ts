import { RateLimiterMemory } from 'rate-limiter-flexible'
import { createMemoryReplayStore } from '../auth/memory-replay-store.ts'
import { wrapLimiter } from './limiter.ts'
import type { SharedState } from './shared-state.ts'

/** State in this process: right for one replica, and gone when it stops. */
export function openMemoryState(now: () => number): SharedState {
  return {
    replayStore: createMemoryReplayStore({ now }),
    createRateLimiter: (name, { points, seconds }) =>
      wrapLimiter(new RateLimiterMemory({ keyPrefix: name, points, duration: seconds })),
    check: async () => {},
    close: async () => {},
  }
}
