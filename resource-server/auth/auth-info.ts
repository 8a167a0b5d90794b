import type { AuthInfo } from '@modelcontextprotocol/server'

/** What a validated token says, before it takes the shape that the MCP SDK hands to tools. */
export interface TokenSubject {
  /** `iss`: together with `subject` the identity of the caller. */
  readonly issuer: string
  /** `sub`. Absent for a client that acts for itself at some issuers. */
  readonly subject: string | undefined
  /** For display only: it may change hands, `issuer` + `subject` may not. */
  readonly username: string | undefined
  readonly clientId: string
  readonly scopes: readonly string[]
  /** `exp`, Unix seconds. */
  readonly expiresAt: number
  /** The thumbprint of the key that must come with the token (RFC 9449 §6), when it is bound to one. */
  readonly keyThumbprint: string | undefined
}

/** What this server puts into `AuthInfo.extra`. */
export type AuthInfoExtra = Pick<TokenSubject, 'issuer' | 'subject' | 'username' | 'keyThumbprint'>

/**
 * The SDK's AuthInfo for a validated token, frozen because requests share it.
 * `token` is not enumerable: it stays out of logs, spreads and JSON, and still works where it is asked for by name.
 * @param resource the RFC 8707 identifier of this server
 */
export function createAuthInfo(token: string, subject: TokenSubject, resource: string): AuthInfo {
  const { clientId, scopes, expiresAt, ...extra } = subject
  const authInfo: AuthInfo = {
    token,
    clientId,
    scopes: Object.freeze([...scopes]) as string[],
    expiresAt,
    // A URL can be changed by whoever holds it: everyone gets one of their own.
    get resource() {
      return new URL(resource)
    },
    extra: Object.freeze(extra satisfies AuthInfoExtra),
  }
  Object.defineProperty(authInfo, 'token', { enumerable: false })
  return Object.freeze(authInfo)
}

/** Reads `extra` back, typed. */
export function extraOf(authInfo: AuthInfo): AuthInfoExtra {
  return authInfo.extra as unknown as AuthInfoExtra
}

/** One word for the caller: the issuer with the subject, or with the client that acts for itself. */
export function callerKey(authInfo: AuthInfo): string {
  const { issuer, subject } = extraOf(authInfo)
  return JSON.stringify(subject === undefined ? [issuer, null, authInfo.clientId] : [issuer, subject])
}
