import type { AuthInfo } from '@modelcontextprotocol/server'
import { extraOf } from './auth-info.ts'
import type { Denial } from './challenge.ts'
import { parseCredentials } from './credentials.ts'
import type { ProofVerifier } from './dpop.ts'
import { AskedTooOften, type Asker, AuthorityUnavailable, type TokenVerifier } from './verdict.ts'

/** How the caller sends its token; challenges answer in the same scheme. */
export type Scheme = 'Bearer' | 'DPoP'

/** Options of {@link createAuthenticator}. */
export interface AuthenticatorOptions {
  readonly verifier: TokenVerifier
  /** Judges DPoP proofs. Without it the DPoP scheme is refused. */
  readonly verifyProof?: ProofVerifier
  /** True when tokens must be bound to a key. Default false: both kinds are accepted. */
  readonly dpopRequired?: boolean
}

/** Who calls: nobody, someone, or someone who must not. */
export type Authentication = { readonly scheme: Scheme } & (
  | { readonly authInfo?: AuthInfo; readonly denial?: undefined; readonly unproven?: undefined }
  | {
      readonly authInfo?: undefined
      readonly denial: Denial
      /** Whose good token came without the key that it is bound to. For limits: it proves nothing. */
      readonly unproven?: AuthInfo
    }
)

/** Finds out who sends a request, from its headers alone. `asker` is for the verifier. */
export type Authenticator = (request: Request, asker?: Asker) => Promise<Authentication>

/** Makes the authenticator: the header is parsed, the token verified, and its key demanded when it has one. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { verifier, verifyProof, dpopRequired = false } = options

  return async (request, asker) => {
    const credentials = parseCredentials(request.headers.get('authorization'))
    if (credentials.kind === 'none') return { scheme: dpopRequired ? 'DPoP' : 'Bearer' }
    if (credentials.kind === 'malformed') {
      return { scheme: 'Bearer', denial: { kind: 'malformed_credentials', detail: credentials.detail } }
    }
    const { kind, token } = credentials
    const scheme = kind === 'dpop' || dpopRequired ? 'DPoP' : 'Bearer'
    try {
      const { authInfo, refusal } = await verifier.verify(token, asker)
      if (refusal) return { scheme, denial: { kind: 'invalid_token', refusal } }
      const denial = await checkBinding(request, kind, authInfo)
      return denial ? { scheme, denial, unproven: authInfo } : { scheme, authInfo }
    } catch (cause) {
      if (cause instanceof AuthorityUnavailable) return { scheme, denial: { kind: 'unavailable', cause } }
      if (cause instanceof AskedTooOften) {
        return { scheme, denial: { kind: 'rate_limited', retryAfterSeconds: cause.retryAfterSeconds } }
      }
      throw cause
    }
  }

  /** A bound token is worth nothing without its key, and must not pass as a bearer token (RFC 9449 §7.1). */
  async function checkBinding(
    request: Request,
    kind: 'bearer' | 'dpop',
    authInfo: AuthInfo,
  ): Promise<Denial | undefined> {
    const { keyThumbprint } = extraOf(authInfo)
    if (kind === 'bearer') {
      if (keyThumbprint) return misused('a token that is bound to a key was sent as Bearer')
      return dpopRequired ? misused('the token is not bound to a key') : undefined
    }
    if (!keyThumbprint) return misused('a token that is not bound to a key was sent as DPoP')
    if (!verifyProof) return { kind: 'malformed_credentials', detail: 'The DPoP scheme is not in use here.' }
    try {
      const proof = request.headers.get('dpop')
      const failure = await verifyProof({
        proof,
        method: request.method,
        token: authInfo.token,
        keyThumbprint,
      })
      return failure && { kind: 'dpop_proof', failure }
    } catch (cause) {
      return { kind: 'unavailable', cause }
    }
  }
}

function misused(detail: string): Denial {
  return { kind: 'invalid_token', refusal: { reason: 'dpop', detail } }
}
