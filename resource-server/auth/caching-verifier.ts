import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { steadyNow } from '../../runtime/steady-clock.ts'
import { createLoadLimit } from './load-limit.ts'
import { createPlaces } from './places.ts'
import { AskedTooOften, type TokenVerifier, type Verdict } from './verdict.ts'

/** Options of {@link createCachingVerifier}. */
export interface CachingOptions {
  /** The longest time for which a good token is believed, in seconds. 0 keeps none. */
  readonly ttlSeconds: number
  /** How long a refusal is believed, in seconds. Default 2, and never longer than `ttlSeconds`. */
  readonly refusalTtlSeconds?: number
  /** How many good tokens are kept, and as many refused ones. Default 10,000. */
  readonly maxEntries?: number
  /** How many tokens may be under validation at once. Default 50. */
  readonly maxConcurrent?: number
  /** How many more may wait for a place; beyond that the answer is "unavailable". Default 500. */
  readonly maxWaiting?: number
  /** How long a caller waits for a verdict, for its place and the issuer together, in milliseconds. Default 1900. */
  readonly deadlineMs?: number
  /** Told about each validation: those that the cache did not answer. */
  readonly onValidation?: (validation: Validation) => void
  /** Unix milliseconds: what `exp` is compared with. */
  readonly now?: () => number
  /** Milliseconds of a clock that never steps back: how old an entry is. Default: `now` if given, else {@link steadyNow}. */
  readonly steadyNow?: () => number
}

/** One question that the cache could not answer. */
export interface Validation {
  readonly outcome: 'good' | 'refused' | 'unavailable'
  readonly seconds: number
}

/** What the cache has done since the start. */
export interface CacheStatistics {
  hits: number
  validations: number
}

interface Entry {
  readonly verdict: Verdict
  /** By the clock that never steps back, in milliseconds. */
  readonly until: number
}

/**
 * Puts a cache of promises before a verifier: callers with the same token share one validation, good or bad.
 * Tokens are kept as hashes. Refused tokens have a cache of their own, so that a flood of random ones cannot push
 * out good ones. An entry's life starts when its validation starts: a token revoked after that is refused at most
 * `ttlSeconds` later. Failures to ask are not kept.
 */
export function createCachingVerifier(
  verifier: TokenVerifier,
  options: CachingOptions,
): TokenVerifier & { readonly statistics: Readonly<CacheStatistics> } {
  const { ttlSeconds, maxEntries = 10_000, maxConcurrent = 50, maxWaiting = 500 } = options
  const { deadlineMs = 1900, now = Date.now } = options
  const steady = options.steadyNow ?? options.now ?? steadyNow
  const refusalTtlSeconds = Math.min(options.refusalTtlSeconds ?? 2, ttlSeconds)
  const good = new LRUCache<string, Entry>({ max: maxEntries })
  const bad = new LRUCache<string, Entry>({ max: maxEntries })
  const pending = new Map<string, Promise<Verdict>>()
  // Callers whose tokens are known must not feel how many unknown ones come.
  const forUnknown = createLoadLimit({ most: Math.ceil(maxConcurrent * 0.8), least: 8 })
  const places = createPlaces(maxConcurrent, maxWaiting, forUnknown)
  const statistics: CacheStatistics = { hits: 0, validations: 0 }

  function report(outcome: Validation['outcome'], startedAt: number): void {
    options.onValidation?.({ outcome, seconds: (steady() - startedAt) / 1000 })
  }

  /** Asks, and keeps the answer. */
  async function ask(key: string, token: string): Promise<Verdict> {
    statistics.validations += 1
    const startedAt = steady()
    const verdict = await verifier.verify(token).catch((error) => {
      report('unavailable', startedAt)
      throw error
    })
    report(verdict.authInfo ? 'good' : 'refused', startedAt)
    const [kept, other, seconds] = verdict.authInfo ? [good, bad, ttlSeconds] : [bad, good, refusalTtlSeconds]
    other.delete(key)
    const until = startedAt + seconds * 1000
    // A good token is remembered for longer than it is believed.
    if (verdict.authInfo || until > steady()) kept.set(key, { verdict, until })
    return verdict
  }

  async function validate(key: string, token: string, network: string | undefined): Promise<Verdict> {
    try {
      return await places.run(() => ask(key, token), deadlineMs, network)
    } finally {
      pending.delete(key)
    }
  }

  function cached(key: string): Verdict | undefined {
    const entry = good.get(key) ?? bad.get(key)
    return entry && entry.until > steady() ? (expired(entry.verdict, now()) ?? entry.verdict) : undefined
  }

  return {
    statistics,
    async verify(token, asker) {
      const key = hash('sha256', token, 'base64')
      const known = lookUp(key)
      if (known !== undefined) return known
      // A token that was good is worth a question, whatever others at its caller's address have asked.
      const wasGood = good.has(key)
      const seconds = wasGood ? undefined : await asker?.mustWait?.()
      if (seconds !== undefined) throw new AskedTooOften(seconds)
      // Another caller may have asked meanwhile.
      const asked = lookUp(key)
      if (asked !== undefined) return asked
      const validation = validate(key, token, wasGood ? undefined : (asker?.network ?? ''))
      pending.set(key, validation)
      return validation
    },
  }

  function lookUp(key: string): Verdict | Promise<Verdict> | undefined {
    const known = cached(key) ?? pending.get(key)
    if (known !== undefined) statistics.hits += 1
    return known
  }
}

/** A cached token is never accepted for longer than it would be without a cache. */
function expired(verdict: Verdict, time: number): Verdict | undefined {
  const { authInfo } = verdict
  const acceptedUntil = verdict.authInfo && (verdict.acceptedUntil ?? authInfo?.expiresAt)
  if (acceptedUntil === undefined || acceptedUntil * 1000 > time) return undefined
  return { refusal: { reason: 'expired', exp: authInfo?.expiresAt ?? acceptedUntil, now: time / 1000 } }
}
