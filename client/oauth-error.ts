import { ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client'
import { causeOf } from './failure.ts'

/**
 * Whether an authorization server answered with that error (RFC 6749 §5.2). `invalid_client` may come as a
 * 401 with a challenge, which the library then reports instead of the code.
 */
export function isOAuthError(error: unknown, code: string): boolean {
  if (error instanceof WWWAuthenticateChallengeError) return code === 'invalid_client' && error.status === 401
  return error instanceof ResponseBodyError && error.error === code
}

/** Whether an authorization server answered with that status and without an error code, as some do. */
export function isBareStatus(error: unknown, status: number): boolean {
  // The cause is the answer; its class is not always the global one.
  const cause = error instanceof ClientError ? causeOf(error) : undefined
  return typeof cause === 'object' && cause !== null && 'status' in cause && cause.status === status
}
