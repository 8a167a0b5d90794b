import { ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client'
import { statusOfCause } from '../runtime/status-of-cause.ts'

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
  return error instanceof ClientError && statusOfCause(error) === status
}
