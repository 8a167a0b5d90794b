import { createClient } from '@redis/client'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import { wrapLimiter } from './limiter.ts'
import type { SharedState } from './shared-state.ts'

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
    commandOptions: { timeout: timeoutMs },
    // A command must fail at once while there is no connection, not wait for one.
    disableOfflineQueue: true,
  })
  client.on('error', onerror)
  await client.connect()
  connected = true
  return {
    replayStore: {
      add: async (key, ttlSeconds) =>
        (await client.set(`gatehouse:dpop:${key}`, '1', {
          condition: 'NX',
          expiration: { type: 'EX', value: ttlSeconds },
        })) === 'OK',
    },
    createRateLimiter: (name, { points, seconds }) =>
      wrapLimiter(
        new RateLimiterRedis({
          storeClient: client,
          useRedisPackage: true,
          keyPrefix: `gatehouse:rate:${name}`,
          points,
          duration: seconds,
          // Without Redis each replica counts for itself: limits get wider, nobody is locked out.
          insuranceLimiter: new RateLimiterMemory({ points, duration: seconds }),
        }),
      ),
    check: async () => {
      await client.ping()
    },
    close: async () => client.destroy(),
  }
}
