import type { AuthInfo } from '@modelcontextprotocol/server'
import { callerKey } from './auth/auth-info.ts'
import type { SharedState } from './state/shared-state.ts'

/**
 * Counts requests: of each caller when the token is good, of each address otherwise, so that neither can use up
 * the other's share.
 * @param perMinute how many are allowed
 */
export function createRequestLimit(
  state: SharedState,
  perMinute: { readonly caller: number; readonly anonymous: number },
): (caller: { authInfo: AuthInfo | undefined; address: string }) => Promise<number | undefined> {
  const callers = state.createRateLimiter('caller', { points: perMinute.caller, seconds: 60 })
  const addresses = state.createRateLimiter('address', { points: perMinute.anonymous, seconds: 60 })
  return ({ authInfo, address }) => (authInfo ? callers.count(callerKey(authInfo)) : addresses.count(address))
}
