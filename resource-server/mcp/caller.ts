import type { AuthInfo } from '@modelcontextprotocol/server'

/** The one a request speaks for. */
export interface Caller {
  /** With `subject` the identity; a name alone may change hands. */
  readonly issuer: string
  /** The token's `sub`; a client that acts for itself is its own subject. */
  readonly subject: string
  /** For display only; absent where the issuer tells none. */
  readonly username?: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** `exp`, Unix seconds. */
  readonly expiresAt?: number
}

/** The caller behind a validated token. The token itself stays behind. */
export function callerOf(authInfo: AuthInfo): Caller {
  const { issuer, subject, username } = authInfo.extra as {
    issuer: string
    subject?: string
    username?: string
  }
  return {
    issuer,
    subject: subject ?? authInfo.clientId,
    ...(username !== undefined && { username }),
    clientId: authInfo.clientId,
    scopes: authInfo.scopes,
    ...(authInfo.expiresAt !== undefined && { expiresAt: authInfo.expiresAt }),
  }
}

/** A name that people recognise. */
export function displayName({ username, subject }: Caller): string {
  return username ?? subject
}
