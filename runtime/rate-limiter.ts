import { hash } from 'node:crypto'
import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'
import { steadyNow } from './steady-clock.ts'
import { within } from './within.ts'

/** A limit on how often something may happen. */
export interface RateLimit {
  /** How often in each period. */
  readonly points: number
  /** The period, in seconds. */
  readonly seconds: number
}

/** Counts events by key. */
export interface RateLimiter {
  /**
   * Counts events: one, unless said otherwise.
   * @returns undefined when they are within the limit, else the seconds to wait
   */
  count(key: string, events?: number): Promise<number | undefined>
  /** Says the same about what has been counted so far, and counts nothing. */
  exceeded(key: string): Promise<number | undefined>
}

/** Wraps a limiter of rate-limiter-flexible, which rejects with its result when there were too many. */
export function wrapLimiter(limiter: RateLimiterAbstract): RateLimiter {
  return {
    async count(key, events = 1) {
      try {
        await limiter.consume(key, events)
        return undefined
      } catch (reason) {
        if (reason instanceof RateLimiterRes) return secondsUntilNext(reason)
        throw reason
      }
    },
    async exceeded(key) {
      const counted = await limiter.get(key)
      return counted && counted.consumedPoints > limiter.points ? secondsUntilNext(counted) : undefined
    },
  }
}

/** Names callers by hash to a store that others may read: it counts them, and need not know who they are. */
export function unnamed(limiter: RateLimiter): RateLimiter {
  const nameless = (key: string) => hash('sha256', key, 'base64url')
  return {
    count: (key, events) => limiter.count(nameless(key), events),
    exceeded: (key) => limiter.exceeded(nameless(key)),
  }
}

function secondsUntilNext({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1000))
}

/** How long the shared counts are left alone after they did not answer, in milliseconds. */
const pauseMs = 2000

/**
 * Counts in the shared state, and in this process alone while that does not answer: limits get wider, nobody is
 * locked out, and nobody waits for a store that hangs.
 * @param timeoutMs how long an answer may take
 */
export function withFallback(shared: RateLimiter, local: RateLimiter, timeoutMs: number): RateLimiter {
  let pausedUntil = 0

  async function either(
    ask: (limiter: RateLimiter) => Promise<number | undefined>,
  ): Promise<number | undefined> {
    if (steadyNow() < pausedUntil) return ask(local)
    try {
      return await within(timeoutMs, ask(shared))
    } catch {
      pausedUntil = steadyNow() + pauseMs
      return ask(local)
    }
  }

  return {
    count: (key, events) => either((limiter) => limiter.count(key, events)),
    exceeded: (key) => either((limiter) => limiter.exceeded(key)),
  }
}
