import type { AuthInfo } from '@modelcontextprotocol/server'

/** What a validated token says, before it takes the shape that the MCP SDK hands to tools. */
export interface TokenClaims {
  /** `iss`: together with `subject` the identity of the caller. */
  readonly issuer: string
  /** `sub`. Absent for a client that acts for itself at some issuers. */
  readonly subject?: string
  /** For display only: it may change hands, `issuer` + `subject` may not. */
  readonly username?: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** `exp`, Unix seconds. */
  readonly expiresAt: number
}

/**
 * The SDK's AuthInfo for a validated token, frozen because requests share it.
 * `token` is not enumerable: it stays out of logs, spreads and JSON, and still works where it is asked for by name.
 * @param resource the RFC 8707 identifier of this server
 */
export function createAuthInfo(token: string, claims: TokenClaims, resource: string): AuthInfo {
  const { issuer, subject, username, clientId, scopes, expiresAt } = claims
  const authInfo: AuthInfo = {
    token,
    clientId,
    scopes: Object.freeze([...scopes]) as string[],
    expiresAt,
    resource: new URL(resource),
    extra: Object.freeze({ issuer, subject, username }),
  }
  Object.defineProperty(authInfo, 'token', { enumerable: false })
  return Object.freeze(authInfo)
}
