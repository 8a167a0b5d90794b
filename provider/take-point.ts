import type { Context } from 'koa'
import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'

/** Something was done too often. It works again later, and the answer's Retry-After says when. */
export class LimitReachedError extends Error {
  override readonly name = 'LimitReachedError'
  readonly error = 'too_many_requests'
  readonly status = 429
  readonly expose = true
}

/**
 * Counts one event of this key.
 * @param problem what there is too much of, for whoever is refused
 * @throws LimitReachedError for every event above the limit; Error when the store cannot be asked
 */
export async function takePoint(
  ctx: Pick<Context, 'set'>,
  limiter: RateLimiterAbstract,
  key: string,
  problem: string,
): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (cause) {
    if (!(cause instanceof RateLimiterRes)) throw cause
    ctx.set('Retry-After', String(Math.max(1, Math.ceil(cause.msBeforeNext / 1000))))
    throw new LimitReachedError(problem, { cause })
  }
}
