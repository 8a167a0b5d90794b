import type { ScopeRules } from '../../config/index.ts'
import { createAuthInfo } from './auth-info.ts'
import { scopesOf } from './scope-rules.ts'
import type { Refusal, Verdict } from './verdict.ts'

/** What every way of validation needs to know about this server. */
export interface Expectations {
  /** Compared byte for byte. */
  readonly issuer: string
  readonly resource: string
  /** A token is for this server when its `aud` has one of these. */
  readonly acceptedAudiences: readonly string[]
  readonly scopeRules?: ScopeRules
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** The claims of a token that is known to be the issuer's: from a verified JWT or from the issuer's own answer. */
export type Claims = Readonly<Record<string, unknown>>

/**
 * Decides whether a token is for this server, from now on and for whom. The one place for these rules, whichever
 * way the claims were come by.
 * @param toleranceSeconds how far the issuer's clock may be off
 */
export function judge(token: string, claims: Claims, expected: Expectations, toleranceSeconds = 0): Verdict {
  const refusal = refusalOf(claims, expected, toleranceSeconds)
  if (refusal) return { refusal }
  const subject = {
    issuer: expected.issuer,
    subject: text(claims.sub),
    username: text(claims.username) ?? text(claims.preferred_username) ?? text(claims.email),
    clientId: clientIdOf(claims) ?? '',
    scopes: scopesOf(claims, expected.scopeRules),
    expiresAt: claims.exp as number,
    keyThumbprint: text((claims.cnf as Claims | undefined)?.jkt),
  }
  const acceptedUntil = subject.expiresAt + toleranceSeconds
  return { authInfo: createAuthInfo(token, subject, expected.resource), acceptedUntil }
}

/**
 * The client that the token was issued to: `client_id` (RFC 9068 §2.2, RFC 7662 §2.2), `azp` as Keycloak, Auth0 and
 * Entra ID write it, or Okta's `cid`.
 */
export function clientIdOf(claims: Claims): string | undefined {
  return text(claims.client_id) ?? text(claims.azp) ?? text(claims.cid)
}

/** What `token_use` says of an access token, at issuers that tell kinds of token apart by it: Hydra, Cognito. */
const accessTokenUses: readonly unknown[] = [undefined, 'access_token', 'access']

function refusalOf(claims: Claims, expected: Expectations, toleranceSeconds: number): Refusal | undefined {
  // Hydra calls a refresh token active as well, with the same audience and scopes.
  if (!accessTokenUses.includes(claims.token_use)) {
    return { reason: 'not_an_access_token', detail: `token_use ${claims.token_use}` }
  }
  if (claims.iss !== undefined && claims.iss !== expected.issuer) {
    return { reason: 'issuer', issuer: String(claims.iss) }
  }
  const audience = [claims.aud ?? []].flat().filter((value) => typeof value === 'string')
  if (!audience.some((value) => expected.acceptedAudiences.includes(value)))
    return { reason: 'audience', audience }
  if (typeof claims.exp !== 'number' || !Number.isFinite(claims.exp)) return { reason: 'no_expiry' }
  const now = (expected.now ?? Date.now)() / 1000
  if (claims.exp + toleranceSeconds <= now) return { reason: 'expired', exp: claims.exp, now }
  return refusalOfBinding(claims)
}

/** A binding that cannot be checked here must not be ignored (RFC 7800 §3.1, RFC 9449 §6). */
function refusalOfBinding({ cnf, token_type }: Claims): Refusal | undefined {
  const type = typeof token_type === 'string' ? token_type.toLowerCase() : 'bearer'
  if (cnf === undefined) {
    return type === 'bearer' ? undefined : { reason: 'confirmation', methods: [`token_type ${type}`] }
  }
  const methods = typeof cnf === 'object' && cnf !== null ? Object.keys(cnf) : []
  const isBoundToKey = methods.length === 1 && text((cnf as Claims).jkt) !== undefined
  return isBoundToKey ? undefined : { reason: 'confirmation', methods }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
