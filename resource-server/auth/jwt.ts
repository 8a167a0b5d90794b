import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { createBoundedFetch } from '../../runtime/bounded-fetch.ts'
import { createSteppedBack } from '../../runtime/steady-clock.ts'
import { type IssuerMetadata, once } from './issuer-metadata.ts'
import { clientIdOf, type Expectations, judge } from './judge.ts'
import { isSecureUrl } from './secure-url.ts'
import { AuthorityUnavailable, type Refusal, type TokenVerifier } from './verdict.ts'

/** Signatures that are accepted: asymmetric ones only, so that no public key can pass for a shared secret. */
export const acceptedAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'EdDSA',
  'Ed25519',
]

/** How far clocks may be apart, in seconds. */
export const clockToleranceSeconds = 15

/** Options of {@link createJwtVerifier}. */
export interface JwtOptions extends Expectations {
  /** The issuer's metadata, for `jwks_uri`. */
  readonly metadata: () => Promise<IssuerMetadata>
  /** For fetching keys. Default 1500. */
  readonly timeoutMs?: number
}

/**
 * A verifier for JWT access tokens (RFC 9068 §4) that asks the issuer for its keys only. Keys are fetched at most
 * once in 30 seconds, however many unknown `kid`s come in; keys that a token brings along are not looked at.
 * A revoked token is accepted until its `exp`: nothing here can know.
 */
export function createJwtVerifier(options: JwtOptions): TokenVerifier {
  const { metadata, timeoutMs = 1500, now = Date.now } = options
  const keys = once(async (): Promise<JWTVerifyGetKey> => {
    const url = keysUrl(await metadata())
    const remote = () =>
      createRemoteJWKSet(url, {
        timeoutDuration: timeoutMs,
        cooldownDuration: 30_000,
        [customFetch]: createBoundedFetch(),
      })
    let set = remote()
    // jose measures the age of the keys by the system's clock: after a step back it would keep them for that long.
    const steppedBack = createSteppedBack()
    return (header, token) => {
      if (steppedBack()) set = remote()
      return set(header, token)
    }
  })

  return {
    async verify(token) {
      const getKey = await keys()
      try {
        const { payload, protectedHeader } = await jwtVerify(token, getKey, {
          algorithms: acceptedAlgorithms,
          clockTolerance: clockToleranceSeconds,
          currentDate: new Date(now()),
        })
        const detail =
          notAnAccessToken(payload, protectedHeader.typ, options.scopeRules?.claim) ?? missingClaim(payload)
        if (detail) return { refusal: { reason: 'not_an_access_token', detail } }
        if (payload.iss === undefined) return { refusal: { reason: 'issuer', issuer: undefined } }
        return judge(token, payload, options, clockToleranceSeconds)
      } catch (error) {
        return { refusal: refusalOf(error, now) }
      }
    },
  }
}

function keysUrl({ issuer, jwks_uri }: IssuerMetadata): URL {
  if (!jwks_uri) throw new AuthorityUnavailable(`The metadata of ${issuer} names no keys (jwks_uri)`)
  if (!isSecureUrl(jwks_uri, issuer)) {
    throw new AuthorityUnavailable(`The keys of ${issuer} are not served over https`)
  }
  return new URL(jwks_uri)
}

/**
 * Fetches the issuer's keys, for readiness only. The verifier's own keys are not touched: a fetch for them would
 * start their cooldown, in which a new key stays unknown.
 * @throws AuthorityUnavailable when they cannot be had
 */
export async function loadKeys(metadata: IssuerMetadata, timeoutMs: number): Promise<void> {
  const url = keysUrl(metadata)
  try {
    await createRemoteJWKSet(url, { timeoutDuration: timeoutMs }).reload()
  } catch (cause) {
    throw new AuthorityUnavailable('The keys of the issuer could not be fetched', { cause })
  }
}

/**
 * `typ` is `at+jwt` (RFC 9068 §2.1) or, at issuers that came before it, `JWT` or nothing. Then the claims tell: an
 * access token says what it permits or whom it was issued to; an ID token does neither, and may bind a code or an
 * access token (OpenID Connect Core §3.3.2.11); a logout token has `events`; Keycloak names the kind in the payload.
 */
function notAnAccessToken(
  payload: JWTPayload,
  typ: string | undefined,
  scopeClaim: string | undefined,
): string | undefined {
  const type = (typ ?? 'JWT').toLowerCase().replace(/^application\//, '')
  if (type === 'at+jwt') return undefined
  if (type !== 'jwt') return `typ ${type}`
  const foreign = ['at_hash', 'c_hash', 's_hash', 'events'].find((name) => name in payload)
  if (foreign) return `the claim ${foreign}`
  if ('nonce' in payload && !('scope' in payload) && !('scp' in payload)) return 'a nonce and no scope'
  if (typeof payload.typ === 'string' && !['bearer', 'dpop'].includes(payload.typ.toLowerCase())) {
    return `the claim typ ${payload.typ}`
  }
  const own = ['scope', 'scp', 'client_id']
  if (own.some((name) => name in payload)) return undefined
  // Roles and groups stand in ID tokens, too, which do not say which client they were issued to by `azp`.
  if (scopeClaim !== undefined && scopeClaim in payload && 'azp' in payload) return undefined
  return `none of the claims ${own.join(', ')}`
}

/**
 * An access token says whom it stands for and which client it was issued to (RFC 9068 §2.2). Without `sub` all the
 * users of a client would be one caller here.
 */
function missingClaim(payload: JWTPayload): string | undefined {
  if (typeof payload.sub !== 'string' || payload.sub === '') return 'no claim sub (RFC 9068 §2.2)'
  return clientIdOf(payload) === undefined
    ? 'none of the claims client_id, azp, cid (RFC 9068 §2.2)'
    : undefined
}

const outages: ReadonlySet<string> = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'])

/** @throws AuthorityUnavailable when the keys could not be fetched: then nothing is known about the token */
function refusalOf(error: unknown, now: () => number): Refusal {
  if (error instanceof errors.JWTExpired) {
    return { reason: 'expired', exp: error.payload.exp ?? 0, now: now() / 1000 }
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf') {
    const { nbf } = error.payload
    if (typeof nbf === 'number') return { reason: 'not_yet_valid', nbf, now: now() / 1000 }
  }
  if (error instanceof errors.JOSEError && !outages.has(error.code)) {
    return { reason: 'signature', detail: error.code }
  }
  throw new AuthorityUnavailable('The keys of the issuer could not be fetched', { cause: error })
}
