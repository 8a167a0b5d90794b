import type { Context } from 'koa'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { wrapLimiter } from '../runtime/rate-limiter.ts'

/** Something was done too often. It works again later, and the answer's Retry-After says when. */
export class LimitReachedError extends Error {
  override readonly name = 'LimitReachedError'
  readonly error = 'too_many_requests'
  readonly status = 429 as const
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
  const seconds = await wrapLimiter(limiter).count(key)
  if (seconds === undefined) return
  ctx.set('Retry-After', String(seconds))
  throw new LimitReachedError(problem)
}
