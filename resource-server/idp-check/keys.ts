import type { JWK } from 'jose'
import { createBoundedFetch } from '../../runtime/bounded-fetch.ts'
import { connectionFailure } from '../../runtime/connection-failure.ts'
import { acceptedAlgorithms } from '../auth/jwt.ts'
import { isSecureUrl } from '../auth/secure-url.ts'
import { type Described, type Finding, missing, note, ok, warning } from './finding.ts'
import { reasonOf } from './introspection.ts'

/** The smallest RSA key that signatures are verified with, in bits (RFC 7518 §3.3). */
const smallestRsaBits = 2048

/** The issuer's keys (RFC 7517), and which of them can verify access tokens. */
export async function checkKeys({ config, metadata, timeoutMs }: Described): Promise<Finding> {
  const { issuer, tokenValidation } = config
  const needed = tokenValidation === 'jwt'
  const [absent, broken] = needed ? [missing, missing] : [note, warning]
  const url = metadata.jwks_uri
  if (url === undefined) {
    return absent(
      'keys',
      'the metadata names none (jwks_uri)',
      needed ? 'set TOKEN_VALIDATION=introspection' : '',
    )
  }
  if (!isSecureUrl(url, issuer)) {
    return broken(
      'keys',
      `jwks_uri is ${JSON.stringify(url)}, which is no https address`,
      'set the public https address at the identity provider',
    )
  }
  try {
    const response = await createBoundedFetch()(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (response.status !== 200) throw new Error(`it answers ${response.status}`)
    const { keys } = (await response.json()) as { keys: readonly JWK[] }
    const usable = [...new Set(keys.flatMap(algorithmOf))]
    const rest = keys.filter((key) => algorithmOf(key).length === 0).length
    const others = rest === 0 ? '' : `; ${rest} for other uses`
    if (usable.length > 0) return ok('keys', `${usable.join(', ')} (${keys.length - rest} usable${others})`)
    const change = `have the identity provider sign access tokens with one of ${acceptedAlgorithms.slice(0, 7).join(', ')}`
    const found =
      keys.length === 0 ? `${url} holds none` : `none of the ${keys.length} can verify access tokens`
    return broken('keys', found, change)
  } catch (error) {
    const failure = connectionFailure(error, url, 'jwks_uri at the identity provider')
    const change = failure?.remedy ?? `see what ${url} answers`
    return broken('keys', `${url} cannot be used (${failure?.reason ?? reasonOf(error)})`, change)
  }
}

/** The algorithm that a key verifies; none when it is not for signatures or not accepted here. */
function algorithmOf({ kty, crv, alg, use, n }: JWK): readonly string[] {
  if (use !== undefined && use !== 'sig') return []
  if (kty === 'RSA' && Buffer.from(n ?? '', 'base64url').length * 8 < smallestRsaBits) return []
  const byCurve: Record<string, string> = {
    'P-256': 'ES256',
    'P-384': 'ES384',
    'P-521': 'ES512',
    Ed25519: 'EdDSA',
  }
  const algorithm = alg ?? (kty === 'RSA' ? 'RS256' : byCurve[crv ?? ''])
  return algorithm !== undefined && acceptedAlgorithms.includes(algorithm) ? [algorithm] : []
}
