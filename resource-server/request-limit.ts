import { networkOf } from '../runtime/networks-of.ts'
import { callerKey } from './auth/auth-info.ts'
import type { RequestLimit } from './auth/gate.ts'
import type { SharedState } from './state/shared-state.ts'

/**
 * Counts requests: of each caller when the token is good, of each address otherwise, so that neither can use up
 * the other's share. An address that has used up its own is not worth a question to the issuer either.
 * @param perMinute how many are allowed
 */
export function createRequestLimit(
  state: SharedState,
  perMinute: { readonly caller: number; readonly anonymous: number },
): RequestLimit {
  const callers = state.createRateLimiter('caller', { points: perMinute.caller, seconds: 60 })
  const addresses = state.createRateLimiter('address', { points: perMinute.anonymous, seconds: 60 })
  return {
    count: ({ authInfo, address, messages }) =>
      authInfo ? callers.count(callerKey(authInfo), messages) : addresses.count(networkOf(address), messages),
    exceeded: (address) => addresses.exceeded(networkOf(address)),
  }
}
