import type { AuthInfo } from '@modelcontextprotocol/server'

/** Why a token is refused. Rich for the log; the wire gets RFC 6750's generic codes (`challenge.ts`). */
export type Refusal =
  | { readonly reason: 'inactive' }
  | { readonly reason: 'expired'; readonly exp: number; readonly now: number }
  | { readonly reason: 'no_expiry' }
  | { readonly reason: 'issuer'; readonly issuer: string | undefined }
  | { readonly reason: 'audience'; readonly audience: readonly string[] }
  | { readonly reason: 'confirmation'; readonly methods: readonly string[] }
  | { readonly reason: 'not_an_access_token'; readonly detail: string }
  | { readonly reason: 'signature'; readonly detail: string }
  | { readonly reason: 'dpop'; readonly detail: string }

/** What a verifier found out about a token: whom it speaks for, or why it is refused. */
export type Verdict =
  | { readonly authInfo: AuthInfo; readonly refusal?: undefined }
  | { readonly authInfo?: undefined; readonly refusal: Refusal }

/** Judges access tokens. The gate knows no more of how tokens are validated than this. */
export interface TokenVerifier {
  /**
   * @param token as it came over the wire, untrusted
   * @throws AuthorityUnavailable when the authorization server cannot be asked
   */
  verify(token: string): Promise<Verdict>
  /** True when `verify` can answer without asking anyone. Absent: never. */
  knows?(token: string): boolean
}

/** The authorization server cannot be asked, so nothing is known about the token: neither good nor bad. */
export class AuthorityUnavailable extends Error {
  override readonly name = 'AuthorityUnavailable'
}
