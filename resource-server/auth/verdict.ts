import type { AuthInfo } from '@modelcontextprotocol/server'

/** Why a token is refused. Rich for the log; the wire gets RFC 6750's generic codes (`challenge.ts`). */
export type Refusal =
  | { readonly reason: 'inactive' }
  | { readonly reason: 'expired'; readonly exp: number; readonly now: number }
  | { readonly reason: 'not_yet_valid'; readonly nbf: number; readonly now: number }
  | { readonly reason: 'no_expiry' }
  | { readonly reason: 'issuer'; readonly issuer: string | undefined }
  | { readonly reason: 'audience'; readonly audience: readonly string[] }
  | { readonly reason: 'confirmation'; readonly methods: readonly string[] }
  | { readonly reason: 'not_an_access_token'; readonly detail: string }
  | { readonly reason: 'signature'; readonly detail: string }
  | { readonly reason: 'dpop'; readonly detail: string }

/** What a verifier found out about a token: whom it speaks for, or why it is refused. */
export type Verdict =
  | {
      readonly authInfo: AuthInfo
      /** Unix seconds: `exp`, with the tolerance for clocks. Default: `exp` itself. */
      readonly acceptedUntil?: number
      readonly refusal?: undefined
    }
  | { readonly authInfo?: undefined; readonly refusal: Refusal }

/** For whose sake a verifier may have to ask about a token that it does not know. */
export interface Asker {
  /** Shares the verifier's places fairly: callers of one network count as one. */
  readonly network: string
  /** Seconds until the issuer may be asked for this caller; undefined if it may now. Default: it always may. */
  readonly mustWait?: () => Promise<number | undefined>
}

/** Judges access tokens. The gate knows no more of how tokens are validated than this. */
export interface TokenVerifier {
  /**
   * @param token as it came over the wire, untrusted
   * @param asker looked at by a verifier that remembers, before it asks about a token that it does not know
   * @throws AuthorityUnavailable when the authorization server cannot be asked
   * @throws AskedTooOften when the caller must wait
   */
  verify(token: string, asker?: Asker): Promise<Verdict>
}

/** The caller has had the issuer asked too often. */
export class AskedTooOften extends Error {
  override readonly name = 'AskedTooOften'
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number) {
    super(`Ask again in ${retryAfterSeconds} s`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The authorization server cannot be asked, so nothing is known about the token: neither good nor bad. */
export class AuthorityUnavailable extends Error {
  override readonly name = 'AuthorityUnavailable'
}

/** The authorization server does not take this server for a client of its own. */
export class CredentialsRefused extends AuthorityUnavailable {}
