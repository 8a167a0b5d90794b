import { LRUCache } from 'lru-cache'
import { createNetworkLimit } from '../runtime/network-limit.ts'
import { networkOf } from '../runtime/networks-of.ts'
import type { RateLimiter } from '../runtime/rate-limiter.ts'
import { callerKey } from './auth/auth-info.ts'
import type { RequestLimit, Share } from './auth/request-share.ts'
import type { SharedState } from './state/shared-state.ts'

/** How often the issuer is still asked about unknown tokens of a network that has sent too many bad ones. */
const slowIntervalMs = 500

/** How often for all such networks together. */
const slowIntervalOfAllMs = 50

/** How many networks have a slow lane of their own. */
const maxSlow = 10_000

/**
 * Counts requests by what they bring, so that none can use up the share of another:
 *
 * - a good token: the caller's;
 * - no token: the networks of the address;
 * - a bad token: these networks', apart. Above that the issuer is asked about an unknown token of theirs now and then
 *   only: a neighbour cannot lock a good one out, and a flood costs the issuer no more than that;
 * - a good token without its key: the caller's at this network, since others may have seen the token.
 * @param perMinute how many are allowed
 * @param now milliseconds, of a clock that only goes forward
 */
export function createRequestLimit(
  state: Pick<SharedState, 'createRateLimiter'>,
  perMinute: { readonly caller: number; readonly anonymous: number },
  now: () => number = () => performance.now(),
): RequestLimit {
  const { createRateLimiter } = state
  const caller = { points: perMinute.caller, seconds: 60 }
  const network = { points: perMinute.anonymous, seconds: 60 }
  const callers = createRateLimiter('caller', caller)
  const unproven = createRateLimiter('unproven', caller)
  const anonymous = createNetworkLimit(createRateLimiter, 'address', network)
  const badTokens = createNetworkLimit(createRateLimiter, 'bad-token', network)
  const lanes = new LRUCache<string, number>({ max: maxSlow })
  let laneOfAll = 0

  /** @returns whether the issuer may be asked for a network that is over its limit */
  function takesSlowLane(address: string): boolean {
    const time = now()
    const key = networkOf(address)
    const free = lanes.get(key)
    // The first turn comes after a wait, too.
    if (free === undefined || (time >= free && time >= laneOfAll)) lanes.set(key, time + slowIntervalMs)
    if (free === undefined || time < free || time < laneOfAll) return false
    laneOfAll = time + slowIntervalOfAllMs
    return true
  }

  /** The limit and the key that a request is counted by; undefined when nothing is known of its token. */
  function counterOf({ authInfo, unproven: owner, token, address }: Share): Counter | undefined {
    if (authInfo) return [callers, callerKey(authInfo)]
    if (owner) return [unproven, `${callerKey(owner)} ${networkOf(address)}`]
    if (token === 'unknown') return undefined
    return [token === 'bad' ? badTokens : anonymous, address]
  }

  return {
    async count({ messages, ...share }) {
      const [limit, key] = counterOf(share) ?? []
      return limit?.count(key as string, messages)
    },
    async exceeded(share) {
      // A good caller is asked about once, when its messages are counted.
      const [limit, key] = (share.authInfo ? undefined : counterOf(share)) ?? []
      return limit?.exceeded(key as string)
    },
    async mustWait(address) {
      const seconds = await badTokens.exceeded(address)
      return seconds === undefined || takesSlowLane(address) ? undefined : seconds
    },
  }
}

type Counter = readonly [limit: Pick<RateLimiter, 'count' | 'exceeded'>, key: string]
