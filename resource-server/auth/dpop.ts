import { createHash } from 'node:crypto'
import {
  calculateJwkThumbprint,
  decodeProtectedHeader,
  EmbeddedJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import type { DpopNonces } from './dpop-nonces.ts'

/** Signature algorithms that a proof may use, as the metadata advertises them. */
export const dpopAlgorithms = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'RS256']

/** How old a proof may be, and how far the client's clock may run ahead, in seconds. */
const maxAgeSeconds = 60
const clockToleranceSeconds = 15

/** A proof is remembered for longer than it can be used, by replicas whose clocks differ a little as well. */
const rememberSeconds = maxAgeSeconds + clockToleranceSeconds + 5

/** Remembers proofs that were used, across all replicas of this server. */
export interface ReplayStore {
  /**
   * Notes a key for a while.
   * @returns true for the first caller only
   * @throws when the store cannot be reached: then the proof must not be accepted
   */
  add(key: string, ttlSeconds: number): Promise<boolean>
}

/** Options of {@link createProofVerifier}. */
export interface ProofOptions {
  /** The URL that proofs must be made for: this server's. */
  readonly resource: string
  readonly replayStore: ReplayStore
  /** When given, proofs must carry a nonce of this server (RFC 9449 §9). */
  readonly nonces?: DpopNonces
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** A proof, and what it must prove. */
export interface ProofRequest {
  /** The DPoP header, or null when there is none. */
  readonly proof: string | null
  readonly method: string
  readonly token: string
  /** The thumbprint that the token is bound to (`cnf.jkt`). */
  readonly keyThumbprint: string
}

/** Why a proof is not good enough. With `use_dpop_nonce` the client should try again with that nonce. */
export type ProofFailure =
  | { readonly error: 'invalid_dpop_proof'; readonly detail: string }
  | { readonly error: 'use_dpop_nonce'; readonly nonce: string }

/** Judges DPoP proofs (RFC 9449 §4.3). Returns undefined for a good one. */
export type ProofVerifier = (request: ProofRequest) => Promise<ProofFailure | undefined>

/** Makes the verifier for one resource. It throws what the replay store throws. */
export function createProofVerifier(options: ProofOptions): ProofVerifier {
  const { resource, replayStore, nonces, now = Date.now } = options
  const expectedUrl = withoutQuery(resource)

  return async ({ proof, method, token, keyThumbprint }) => {
    if (proof === null) return invalid('there is no DPoP header')
    // The key comes first: verifying costs much, and a key that anybody may choose can make it cost more.
    const key = keyOf(proof)
    const thumbprint = key && (await calculateJwkThumbprint(key).catch(() => undefined))
    if (!key || thumbprint === undefined) return unverifiable
    if (thumbprint !== keyThumbprint) return invalid('it is signed by another key than the token is bound to')
    if (!isUsual(key)) return invalid('its RSA key is longer than 4096 bits, or its exponent is not 65537')
    const payload = await verifySignature(proof)
    if (!payload) return unverifiable

    const { jti, iat, htm, htu } = payload
    const age = now() / 1000 - (iat as number)
    if (htm !== method) return invalid('htm is another method')
    if (typeof htu !== 'string' || withoutQuery(htu) !== expectedUrl) return invalid('htu is another URL')
    if (age > maxAgeSeconds || age < -clockToleranceSeconds) return invalid('iat is too old or in the future')
    if (typeof jti !== 'string' || jti.length > 256) return invalid('jti is longer than 256 characters')
    if (payload.ath !== sha256(token)) return invalid('ath is not the hash of this access token')
    if (nonces && !nonces.accepts(payload.nonce)) return { error: 'use_dpop_nonce', nonce: nonces.current() }

    const first = await replayStore.add(sha256(`${thumbprint} ${jti}`), rememberSeconds)
    return first ? undefined : invalid('it was used before')
  }

  async function verifySignature(proof: string): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(proof, EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: dpopAlgorithms,
        requiredClaims: ['jti', 'iat', 'htm', 'htu', 'ath'],
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(now()),
      })
      return payload
    } catch {
      return undefined
    }
  }
}

/** The key that a proof carries. */
function keyOf(proof: string): JWK | undefined {
  try {
    return decodeProtectedHeader(proof).jwk
  } catch {
    return undefined
  }
}

/** An RSA key of up to 4096 bits, with the exponent that all have; keys of other kinds are of one length each. */
function isUsual({ kty, n = '', e }: JWK): boolean {
  return kty !== 'RSA' || (n.length <= 683 && e === 'AQAB')
}

const unverifiable = invalid('it is not a JWT of type dpop+jwt, signed by the key that it carries')

function invalid(detail: string): ProofFailure {
  return { error: 'invalid_dpop_proof', detail }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** The target without query and fragment, normalised (RFC 9449 §4.3). */
function withoutQuery(url: string): string | undefined {
  const parsed = URL.parse(url)
  return parsed ? parsed.origin + parsed.pathname.replace(/\/$/, '') : undefined
}
