import { RateLimiterMemory } from 'rate-limiter-flexible'
import { unnamed, withFallback, wrapLimiter } from '../../runtime/rate-limiter.ts'
import { openRedis } from '../../runtime/redis-client.ts'
import { createRedisLimiter } from '../../runtime/redis-limiter.ts'
import type { ReplayStore } from '../auth/dpop.ts'
import { probeLimit, probeWrites } from './probe-writes.ts'
import type { SharedState } from './shared-state.ts'

/** How long a command may take before the state counts as lost, in milliseconds. */
const timeoutMs = 1000

/** State in Redis or Valkey. */
export async function openRedisState(url: string, onerror: (error: Error) => void): Promise<SharedState> {
  const redis = await openRedis(url, { timeoutMs, onerror })
  const replayStore: ReplayStore = {
    async add(key, ttlSeconds) {
      const options = { condition: 'NX', expiration: { type: 'EX', value: ttlSeconds } } as const
      return (await redis.ask((client) => client.set(`${redis.prefix}dpop:${key}`, '1', options))) === 'OK'
    },
  }
  const probeCounts = wrapLimiter(createRedisLimiter(redis, `${redis.prefix}rate:probe`, probeLimit))
  return {
    replayStore,
    createRateLimiter(name, { points, seconds }) {
      const shared = createRedisLimiter(redis, `${redis.prefix}rate:${name}`, { points, seconds })
      const local = new RateLimiterMemory({ points, duration: seconds })
      return withFallback(unnamed(wrapLimiter(shared)), wrapLimiter(local), timeoutMs)
    },
    check: () => probeWrites(replayStore, probeCounts),
    close: async () => redis.close(),
  }
}
