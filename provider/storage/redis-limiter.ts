import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { RateLimit } from '../../runtime/rate-limiter.ts'
import type { RedisConnection } from '../../runtime/redis-client.ts'

/** A limiter over Redis that waits for an answer no longer than everything else does. */
export function createRedisLimiter(
  { client, ask }: RedisConnection,
  name: string,
  { points, seconds }: RateLimit,
): RateLimiterRedis {
  const storeClient = {
    eval: (...call: Parameters<typeof client.eval>) => ask(() => client.eval(...call)),
    del: (key: string) => ask(() => client.del(key)),
    multi() {
      const multi = client.multi()
      const exec = multi.exec.bind(multi)
      return Object.assign(multi, { exec: (pipeline: boolean) => ask(() => exec(pipeline)) })
    },
  }
  return new RateLimiterRedis({
    storeClient,
    useRedisPackage: true,
    keyPrefix: name,
    points,
    duration: seconds,
  })
}
