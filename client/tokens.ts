import type { TokenEndpointResponse } from 'openid-client'
import type { Discovery } from './discovery.ts'
import { parseScope } from './scopes.ts'

/** What a token is for, and who gave it: a token is never shown to any other pair. */
export interface TokenKey {
  readonly issuer: string
  readonly resource: string
  readonly clientId: string
}

/** A grant's tokens. */
export interface Tokens extends TokenKey {
  readonly accessToken: string
  /** Absent when the authorization server gives none: then the user signs in again at `expiresAt`. */
  readonly refreshToken?: string | undefined
  /** Unix seconds; absent when the authorization server does not say. */
  readonly expiresAt?: number | undefined
  /** What was granted, which may be less than what was asked for. */
  readonly scopes: readonly string[]
}

/** Tokens that expire within this time count as expired, in seconds: a request takes its time too. */
const marginSeconds = 10

/** @param now Unix seconds */
export function isExpired({ expiresAt }: Pick<Tokens, 'expiresAt'>, now: number): boolean {
  return expiresAt !== undefined && expiresAt - marginSeconds <= now
}

/**
 * Reads a token endpoint's answer (RFC 6749 §5.1).
 * @param before what the answer leaves out: the scopes asked for, and the refresh token in use
 * @param now Unix seconds
 */
export function parseTokens(
  answer: TokenEndpointResponse,
  { resource, issuer, configuration }: Discovery,
  before: { readonly scopes: readonly string[]; readonly refreshToken?: string | undefined },
  now: number,
): Tokens {
  const refreshToken = answer.refresh_token ?? before.refreshToken
  return {
    issuer,
    resource,
    clientId: configuration.clientMetadata().client_id,
    accessToken: answer.access_token,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(answer.expires_in !== undefined && { expiresAt: now + answer.expires_in }),
    scopes: answer.scope === undefined ? before.scopes : parseScope(answer.scope),
  }
}
