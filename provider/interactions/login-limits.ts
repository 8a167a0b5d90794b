import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { limitersOfNetworks } from '../../runtime/network-limit.ts'
import { type RateLimit, wrapLimiter } from '../../runtime/rate-limiter.ts'
import type { Storage } from '../storage/storage.ts'

/** Somebody who is about to have a password judged. */
export interface LoginAttempt {
  /** As it was typed: names that nobody has are counted like any other. */
  readonly username: string
  readonly address: string
  /** Identifies a browser in which this account has signed in before. Absent for any other browser. */
  readonly knownBrowser?: string | undefined
}

/** An attempt that was refused. */
export interface LoginRefusal {
  readonly allowed: false
  readonly retryAfterSeconds: number
}

/** What became of counting an attempt. */
export type LoginTurn = LoginRefusal | AllowedTurn

/** An attempt within the limits of its caller. */
interface AllowedTurn {
  readonly allowed: true
  /**
   * Counts what callers share, right before the password is judged: what is only waiting holds no turn of others.
   * @returns undefined when the password may be judged
   */
  begin(): Promise<LoginRefusal | undefined>
  /** After the right password: clears the caller's counts, and takes the attempt back from those that are shared. */
  forgive(): Promise<void>
  /** Takes the attempt back: its password was not judged. */
  withdraw(): Promise<void>
}

/** How fast passwords may be guessed, across all replicas. */
export interface LoginLimits {
  /**
   * Counts an attempt, before its password is looked at: of a hundred at once, exactly as many are looked
   * at as there are turns.
   * @throws when the store cannot be asked: then nobody signs in
   */
  take(attempt: LoginAttempt): Promise<LoginTurn>
}

const minute = 60
const hour = 60 * minute

/** How often a network may have tried a name in an hour to be heard when the name has no turns left. */
const fewTries = 2

/**
 * Makes guessing slow without giving an attacker the means to lock a user out (OWASP's device cookies):
 *
 * - A name is tried from an address five times, then waits grow from a minute to most of an hour.
 * - An address fails a hundred times in ten minutes, whomever it names.
 * - A name fails a hundred times in an hour, from wherever (OWASP ASVS 4 V2.2.1, NIST SP 800-63B-4 §3.2.2).
 *   A network that has hardly tried the name is heard beyond that, up to a thousand: the user in a new browser.
 * - A browser in which the account has signed in before has turns of its own, which nobody else can use up.
 *
 * An IPv6 /64 counts as an address; a /56 has four times, a /48 eight times its turns.
 */
export function createLoginLimits(storage: Pick<Storage, 'createLimiter'>): LoginLimits {
  const create = (name: string, limit: RateLimit) => storage.createLimiter(`login-${name}`, limit)
  const ofNetworks = (name: string, points: number, seconds: number) =>
    limitersOfNetworks(create, name, { points, seconds })
  const ofAddress = ofNetworks('address', 100, 10 * minute)
  const ofName = create('name', { points: 100, seconds: hour })
  const ofNameReserve = create('name-reserve', { points: 900, seconds: hour })
  const growing = [
    ofNetworks('minute', 5, minute),
    ofNetworks('quarter', 8, 15 * minute),
    ofNetworks('hour', 12, hour),
  ]

  /** The counts of the name at the caller's networks, or of the browser. Narrow networks come first. */
  function ownCounts({ username, address, knownBrowser }: LoginAttempt): readonly Count[] {
    if (knownBrowser === undefined) {
      return growing.flatMap((each) =>
        each(address).map(
          ([limiter, network]): Count => [limiter, JSON.stringify(['address', network, username])],
        ),
      )
    }
    // An address that is none has one network: the limiters of the narrowest.
    return growing.flatMap((each) =>
      each('').map(([limiter]): Count => [limiter, JSON.stringify(['browser', knownBrowser])]),
    )
  }

  /** Whether the widest network of an address has hardly tried the name, this attempt included. */
  async function hasHardlyTried(own: readonly Count[]): Promise<boolean> {
    const [limiter, key] = own.at(-1) as Count
    return ((await limiter.get(key))?.consumedPoints ?? 0) <= fewTries
  }

  return {
    async take(attempt) {
      const { username, address, knownBrowser } = attempt
      const own = ownCounts(attempt)
      const networks = knownBrowser === undefined ? ofAddress(address) : []
      const name: readonly Count[] = knownBrowser === undefined ? [[ofName, username]] : []
      const all = [...own, ...networks, ...name]
      if (!(await takeAll(own))) return refusal(await waitFor(all))
      let shared: readonly Count[] = []

      async function refuse(): Promise<LoginRefusal> {
        await Promise.all(own.map(giveBack))
        return refusal(await waitFor(all))
      }

      return {
        allowed: true,
        async begin() {
          if (!(await takeAll(networks))) return refuse()
          const reserve: readonly Count[] = [[ofNameReserve, username]]
          if (await takeAll(name)) shared = [...networks, ...name]
          else if ((await hasHardlyTried(own)) && (await takeAll(reserve))) shared = [...networks, ...reserve]
          else {
            await Promise.all(networks.map(giveBack))
            return refuse()
          }
          return undefined
        },
        async forgive() {
          // What is shared is not cleared: guessing would go on after a login of one's own.
          const wide = own.filter(([, key]) => !isNarrow(key))
          const narrow = own.filter(([, key]) => isNarrow(key))
          await Promise.all([
            ...narrow.map(([each, key]) => each.delete(key)),
            ...[...wide, ...shared].map(giveBack),
          ])
        },
        async withdraw() {
          await Promise.all([...own, ...shared].map(giveBack))
        },
      }
    },
  }
}

/** Whether a count is of one address or browser, and not of a network that many may share. */
function isNarrow(key: string): boolean {
  return !/^\["address","[^"]*\/(56|48)"/.test(key)
}

/**
 * Counts one after the other: the first lets few pass, however many come at once, and who is refused uses up no turns
 * that are shared with others, not even for a moment. What the limit that refuses counts beyond its turns stays: given
 * back when its next period had begun, it would be one turn more.
 * @returns whether all have a turn; otherwise none is used
 */
async function takeAll(counts: readonly Count[]): Promise<boolean> {
  const taken: Count[] = []
  for (const count of counts) {
    if (await takesTurn(count)) {
      taken.push(count)
      continue
    }
    await Promise.all(taken.map(giveBack))
    return false
  }
  return true
}

type Count = readonly [limiter: RateLimiterAbstract, key: string]

function refusal(waitMs: number): LoginRefusal {
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
