import { createClient } from '@redis/client'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import { withFallback, wrapLimiter } from './limiter.ts'
import type { SharedState } from './shared-state.ts'
import { within } from './within.ts'

/** How long a command may take before the state counts as lost, in milliseconds. */
const timeoutMs = 1000

/** State in Redis or Valkey. */
export async function openRedisState(url: string, onerror: (error: Error) => void): Promise<SharedState> {
  let connected = false
  const client = createClient({
    url: url.replace(/^valkey:/, 'redis:'),
    socket: {
      connectTimeout: timeoutMs,
      // At the start it must be there; later it is waited for.
      reconnectStrategy: (retries, cause) => (connected ? Math.min(100 * 2 ** retries, 3000) : cause),
    },
    // A command must fail at once while there is no connection, not wait for one.
    disableOfflineQueue: true,
  })
  client.on('error', onerror)
  await client.connect()
  connected = true
  return {
    replayStore: {
      async add(key, ttlSeconds) {
        const options = { condition: 'NX', expiration: { type: 'EX', value: ttlSeconds } } as const
        return (await within(timeoutMs, client.set(`gatehouse:dpop:${key}`, '1', options))) === 'OK'
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
      return withFallback(wrapLimiter(shared), wrapLimiter(local), timeoutMs)
    },
    check: async () => {
      await within(timeoutMs, client.ping())
    },
    close: async () => client.destroy(),
  }
}
