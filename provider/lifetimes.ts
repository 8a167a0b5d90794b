const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** How long everything lives that the provider issues, in seconds. */
export const lifetimes = {
  authorizationCode: minute,
  /** From showing a code on a device to typing it elsewhere. */
  deviceCode: 10 * minute,
  accessToken: hour,
  /** A refresh token that nobody uses. Each use issues a new one, with this much time again. */
  refreshTokenIdle: 30 * day,
  /** A chain of refresh tokens, however often it is used: then the user signs in again. */
  refreshTokenAbsolute: 90 * day,
  /** What the user consented to, and how long a choice is remembered: no shorter than the refresh tokens that stand on it. */
  grant: 91 * day,
  /** What the user consented to when it cannot be renewed: no shorter than what is issued once. */
  grantOfOneToken: 2 * hour,
  /** How long a browser stays signed in here that is not used. No token depends on it. */
  sessionIdle: day,
  /** How long one stays signed in, however often it is used (NIST SP 800-63B-4 §2.1.3). */
  sessionAbsolute: 30 * day,
  /** From opening the sign-in page to leaving the consent page. */
  interaction: 30 * minute,
  idToken: hour,
  /** A client that registered itself and was never used. */
  unusedClient: day,
  /** One that was used, from its last use on: longer than any refresh token lies unused. */
  idleClient: 90 * day,
} as const

/**
 * How long the next refresh token of a chain lives.
 * @param ageSeconds since the first one was issued
 * @returns seconds, at least one: oidc-provider takes no less
 */
export function refreshTokenLifetime(ageSeconds: number): number {
  return renewed(lifetimes.refreshTokenIdle, lifetimes.refreshTokenAbsolute - ageSeconds)
}

/**
 * How long a session lives that is used now.
 * @param ageSeconds since its user signed in; 0 when nobody has
 * @returns seconds, at least one: oidc-provider takes no less
 */
export function sessionLifetime(ageSeconds: number): number {
  return renewed(lifetimes.sessionIdle, lifetimes.sessionAbsolute - ageSeconds)
}

function renewed(idleSeconds: number, leftSeconds: number): number {
  return Math.max(1, Math.min(idleSeconds, leftSeconds))
}
