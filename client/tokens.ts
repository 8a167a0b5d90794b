import type { JWK, TokenEndpointResponse } from 'openid-client'
import { parseScope } from './scopes.ts'

/** What a token is for, who gave it and to which of the user's identities: it is shown to nobody else. */
export interface TokenKey {
  /** The user's name for one of several identities. */
  readonly profile: string
  readonly issuer: string
  /** The MCP server's URL. */
  readonly resource: string
}

/** The profile of somebody who has one identity. */
export const defaultProfile = 'default'

/** A grant's tokens. */
export interface Tokens extends TokenKey {
  /** Where they came from: the refresh token is sent to no other. Absent in what earlier versions kept. */
  readonly tokenEndpoint?: string | undefined
  /** The client that they were given to: nobody else can use the refresh token. */
  readonly clientId: string
  readonly accessToken: string
  /** Absent when the authorization server gives none: then the user signs in again at `expiresAt`. */
  readonly refreshToken?: string | undefined
  /** Unix seconds; absent when the authorization server does not say. */
  readonly expiresAt?: number | undefined
  /** What was granted, which may be less than what was asked for. */
  readonly scopes: readonly string[]
  /** The private key that the tokens are bound to (RFC 9449). Absent for bearer tokens. */
  readonly dpopKey?: JWK | undefined
}

/** Tokens that expire within this time count as expired, in seconds: a request takes its time too. */
const marginSeconds = 10

/** @param now Unix seconds */
export function isExpired({ expiresAt }: Pick<Tokens, 'expiresAt'>, now: number): boolean {
  return expiresAt !== undefined && expiresAt - marginSeconds <= now
}

/** What a token endpoint's answer leaves out. */
export interface AnsweredRequest extends TokenKey {
  readonly clientId: string
  readonly tokenEndpoint?: string | undefined
  /** The scopes asked for. */
  readonly scopes: readonly string[]
  /** The refresh token in use. */
  readonly refreshToken?: string | undefined
  /** The key with which the request was made. */
  readonly dpopKey?: JWK | undefined
}

/**
 * Reads a token endpoint's answer (RFC 6749 §5.1).
 * @param request what the answer is to
 * @param now Unix seconds
 */
export function parseTokens(answer: TokenEndpointResponse, request: AnsweredRequest, now: number): Tokens {
  const { profile, issuer, resource, tokenEndpoint, clientId, dpopKey } = request
  const refreshToken = answer.refresh_token ?? request.refreshToken
  return {
    profile,
    issuer,
    resource,
    ...(tokenEndpoint !== undefined && { tokenEndpoint }),
    clientId,
    accessToken: answer.access_token,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(answer.expires_in !== undefined && { expiresAt: now + answer.expires_in }),
    scopes: answer.scope === undefined ? request.scopes : parseScope(answer.scope),
    // A server that does not bind tokens answers with a bearer token, proof or not (RFC 9449 §5).
    ...(dpopKey && answer.token_type === 'dpop' && { dpopKey }),
  }
}
