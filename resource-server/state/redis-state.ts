import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import { unnamed, withFallback, wrapLimiter } from '../../runtime/rate-limiter.ts'
import { openRedis } from '../../runtime/redis-client.ts'
import type { SharedState } from './shared-state.ts'

/** How long a command may take before the state counts as lost, in milliseconds. */
const timeoutMs = 1000

/** State in Redis or Valkey. */
export async function openRedisState(url: string, onerror: (error: Error) => void): Promise<SharedState> {
  const { client, ask, close } = await openRedis(url, { timeoutMs, onerror })
  return {
    replayStore: {
      async add(key, ttlSeconds) {
        const options = { condition: 'NX', expiration: { type: 'EX', value: ttlSeconds } } as const
        return (await ask(() => client.set(`gatehouse:dpop:${key}`, '1', options))) === 'OK'
      },
    },
    createRateLimiter(name, { points, seconds }) {
      const shared = new RateLimiterRedis({
        storeClient: client,
        useRedisPackage: true,
        keyPrefix: `gatehouse:rate:${name}`,
        points,
        duration: seconds,
      })
      const local = new RateLimiterMemory({ points, duration: seconds })
      return withFallback(unnamed(wrapLimiter(shared)), wrapLimiter(local), timeoutMs)
    },
    check: async () => {
      await ask(() => client.ping())
    },
    close: async () => close(),
  }
}
