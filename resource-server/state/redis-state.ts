import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import type { RateLimit } from '../../runtime/rate-limiter.ts'
import { unnamed, withFallback, wrapLimiter } from '../../runtime/rate-limiter.ts'
import { openRedis } from '../../runtime/redis-client.ts'
import type { ReplayStore } from '../auth/dpop.ts'
import { probeLimit, probeWrites } from './probe-writes.ts'
import type { SharedState } from './shared-state.ts'

/** How long a command may take before the state counts as lost, in milliseconds. */
const timeoutMs = 1000

/** State in Redis or Valkey. */
export async function openRedisState(url: string, onerror: (error: Error) => void): Promise<SharedState> {
  const { client, ask, close } = await openRedis(url, { timeoutMs, onerror })
  const replayStore: ReplayStore = {
    async add(key, ttlSeconds) {
      const options = { condition: 'NX', expiration: { type: 'EX', value: ttlSeconds } } as const
      return (await ask(() => client.set(`gatehouse:dpop:${key}`, '1', options))) === 'OK'
    },
  }
  const createShared = (name: string, { points, seconds }: RateLimit) =>
    new RateLimiterRedis({
      storeClient: client,
      useRedisPackage: true,
      keyPrefix: `gatehouse:rate:${name}`,
      points,
      duration: seconds,
    })
  const probeCounts = wrapLimiter(createShared('probe', probeLimit))
  return {
    replayStore,
    createRateLimiter(name, { points, seconds }) {
      const shared = createShared(name, { points, seconds })
      const local = new RateLimiterMemory({ points, duration: seconds })
      return withFallback(unnamed(wrapLimiter(shared)), wrapLimiter(local), timeoutMs)
    },
    check: () => probeWrites(replayStore, probeCounts),
    close: async () => close(),
  }
}
