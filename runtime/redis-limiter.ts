import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { RateLimit } from './rate-limiter.ts'
import type { RedisClient, RedisConnection } from './redis-client.ts'

/** A limiter over Redis that waits for an answer no longer than everything else does. */
export function createRedisLimiter(
  redis: RedisConnection,
  name: string,
  { points, seconds }: RateLimit,
): RateLimiterRedis {
  const storeClient = {
    eval: (...call: Parameters<RedisClient['eval']>) => redis.ask((client) => client.eval(...call)),
    del: (key: string) => redis.ask((client) => client.del(key)),
    multi() {
      const multi = redis.client.multi()
      const exec = multi.exec.bind(multi)
      return Object.assign(multi, { exec: (pipeline: boolean) => redis.read(() => exec(pipeline)) })
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
