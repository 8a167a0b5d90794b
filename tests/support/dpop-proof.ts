import { createHash } from 'node:crypto'
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'

/** A client's key, and the proofs that it makes with it (RFC 9449 §4.2). */
export interface ProofKey {
  /** What tokens are bound to: `cnf.jkt`. */
  readonly thumbprint: string
  readonly publicJwk: JWK
  readonly privateJwk: JWK
  /**
   * Makes a proof for a POST.
   * @param target the URL and the access token that it is for
   * @param claims put over the right ones; `undefined` leaves a claim out
   * @param header put over `typ`, `alg` and `jwk`; `undefined` leaves a parameter out
   */
  prove(
    target: { readonly url: string; readonly token: string; readonly now?: number },
    claims?: JWTPayload,
    header?: Partial<JWTHeaderParameters>,
  ): Promise<string>
}

/** The hash of an access token as proofs carry it (RFC 9449 §4.2). */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

/** Makes a key. Default ES256. */
export async function createProofKey(alg: 'ES256' | 'EdDSA' | 'RS256' = 'ES256'): Promise<ProofKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const publicJwk = await exportJWK(publicKey)
  return {
    publicJwk,
    privateJwk: await exportJWK(privateKey),
    thumbprint: await calculateJwkThumbprint(publicJwk),
    prove({ url, token, now = Date.now() }, claims = {}, header = {}) {
      const good = { jti: crypto.randomUUID(), htm: 'POST', htu: url, iat: Math.floor(now / 1000) }
      return new SignJWT(defined({ ...good, ath: tokenHash(token), ...claims }))
        .setProtectedHeader(defined({ typ: 'dpop+jwt', alg, jwk: publicJwk, ...header }))
        .sign(privateKey)
    },
  }
}

/** The same object without what is undefined. */
function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
