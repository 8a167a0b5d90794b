import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { networkOf } from '../../runtime/networks-of.ts'
import { wrapLimiter } from '../../runtime/rate-limiter.ts'
import type { Storage } from '../storage/storage.ts'

/** Somebody who is about to have a password judged. */
export interface LoginAttempt {
  /** As it was typed: names that nobody has are counted like any other. */
  readonly username: string
  readonly address: string
  /** Identifies a browser in which this account has signed in before. Absent for any other browser. */
  readonly knownBrowser?: string | undefined
}

/** What became of counting an attempt. */
export type LoginTurn =
  | { readonly allowed: true; forgive(): Promise<void> }
  | { readonly allowed: false; readonly retryAfterSeconds: number }

/** How fast passwords may be guessed, across all replicas. */
export interface LoginLimits {
  /**
   * Counts an attempt, before its password is looked at: of a hundred at once, exactly as many are looked
   * at as there are turns.
   * @returns `forgive` takes the attempt back, after the right password
   * @throws when the store cannot be asked: then nobody signs in
   */
  take(attempt: LoginAttempt): Promise<LoginTurn>
}

const minute = 60
const hour = 60 * minute

/**
 * Makes guessing slow without giving anyone the means to lock somebody out (OWASP's device cookies):
 *
 * - A name is tried from an address five times, then waits grow from a minute to most of an hour.
 * - An address fails a hundred times in ten minutes, whomever it names.
 * - A name fails a hundred times in an hour, from wherever (OWASP ASVS 4 V2.2.1, NIST SP 800-63B-4 §3.2.2).
 *   It takes nine networks together, because what was refused before is not counted here.
 * - A browser in which the account has signed in before has turns of its own, which nobody else can use up.
 */
export function createLoginLimits(storage: Pick<Storage, 'createLimiter'>): LoginLimits {
  const limiter = (name: string, points: number, seconds: number) =>
    storage.createLimiter(`login-${name}`, { points, seconds })
  const ofAddress = limiter('address', 100, 10 * minute)
  const ofName = limiter('name', 100, hour)
  const growing = [
    limiter('minute', 5, minute),
    limiter('quarter', 8, 15 * minute),
    limiter('hour', 12, hour),
  ]

  return {
    async take({ username, address, knownBrowser }) {
      const network = networkOf(address)
      const who = knownBrowser === undefined ? ['address', network, username] : ['browser', knownBrowser]
      const own = growing.map((each): Count => [each, JSON.stringify(who)])
      const shared: readonly Count[] =
        knownBrowser === undefined
          ? [
              [ofAddress, network],
              [ofName, username],
            ]
          : []
      const all = [...own, ...shared]
      const taken: Count[] = []
      // One after the other: the first lets few pass, however many come at once, and who is refused uses up no turns
      // that are shared with others, not even for a moment.
      for (const count of all) {
        if (await takesTurn(count)) {
          taken.push(count)
          continue
        }
        // Whoever has no turn is not counted: guessing on does not make the wait longer. What the limit that refuses
        // counts beyond its turns stays: given back when its next period had begun, it would be one turn more.
        await Promise.all(taken.map(giveBack))
        return refusal(await waitFor(all))
      }
      return {
        allowed: true,
        async forgive() {
          // What is shared is not cleared: guessing would go on after a login of one's own.
          await Promise.all([...own.map(([each, key]) => each.delete(key)), ...shared.map(giveBack)])
        },
      }
    },
  }
}

type Count = readonly [limiter: RateLimiterAbstract, key: string]

function refusal(waitMs: number): LoginTurn {
  return { allowed: false, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) }
}

/** Counts an attempt. @returns whether it is within the limit */
async function takesTurn([limiter, key]: Count): Promise<boolean> {
  return (await wrapLimiter(limiter).count(key)) === undefined
}

async function giveBack([limiter, key]: Count): Promise<void> {
  await limiter.reward(key)
}

/** @returns milliseconds until all of them have turns; 0 when they do */
async function waitFor(counts: readonly Count[]): Promise<number> {
  const waits = await Promise.all(
    counts.map(async ([limiter, key]) => {
      const count = await limiter.get(key)
      return count !== null && count.consumedPoints >= limiter.points ? count.msBeforeNext : 0
    }),
  )
  return Math.max(0, ...waits)
}
