import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject, sign, verify } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import type { JWKS } from 'oidc-provider'
import { z } from 'zod'
import { keyProblem } from '../../config/index.ts'

/** A JWKS that cannot be used, and what to change. Says nothing of what is in the keys. */
export class InvalidJwksError extends Error {
  override readonly name = 'InvalidJwksError'
}

const text = z.string().min(1)
const described = { kid: text.max(200).optional(), use: z.literal('sig').optional() }
const elliptic = z.object({
  ...described,
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  alg: z.literal('ES256').default('ES256'),
  ...{ x: text, y: text, d: text },
})
const rsa = z.object({
  ...described,
  kty: z.literal('RSA'),
  alg: z.literal('RS256').default('RS256'),
  ...{ n: text, e: text, d: text, p: text, q: text, dp: text, dq: text, qi: text },
})
const jwks = z.object({ keys: z.array(z.unknown()).min(1).max(20) })
const jwk = z.discriminatedUnion('kty', [elliptic, rsa])

/**
 * Reads private signing keys (RFC 7517): P-256 for ES256, RSA of 2048 bits and more for RS256. The order is
 * kept, the first one signs. A key without `kid` is named after its thumbprint (RFC 7638).
 * @param json untrusted
 * @throws InvalidJwksError saying which key cannot be used, and why
 */
export async function parseJwks(json: string): Promise<JWKS> {
  const set = jwks.safeParse(parseJson(json))
  if (!set.success) throw new InvalidJwksError('is not a JWKS: an object with "keys", a list of 1 to 20 keys')
  const keys = await Promise.all(set.data.keys.map((key, index) => parseKey(key, `key ${index + 1}`)))
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) {
    throw new InvalidJwksError('has two keys with the same "kid"')
  }
  return { keys }
}

async function parseKey(candidate: unknown, name: string): Promise<JWK & { kid: string }> {
  const parsed = jwk.safeParse(candidate)
  if (!parsed.success) throw new InvalidJwksError(`${name}: ${describe(parsed.error)}`)
  const { kid, alg } = parsed.data
  const material = readKey(parsed.data, name)
  const thumbprint = await calculateJwkThumbprint(material)
  const problem = keyProblem(material)
  if (problem !== undefined) throw new InvalidJwksError(`${name}: ${problem}`)
  return { ...material, kid: kid ?? thumbprint, alg, use: 'sig' }
}

/** Errors of node:crypto show what is in the key, so they end here. */
function readKey(candidate: JsonWebKey, name: string): JWK {
  let key: KeyObject
  let works: boolean
  try {
    key = createPrivateKey({ key: candidate, format: 'jwk' })
    const signature = sign('sha256', Buffer.from('test'), key)
    works = verify('sha256', Buffer.from('test'), createPublicKey(key), signature)
  } catch {
    throw new InvalidJwksError(`${name}: cannot be read as a private key`)
  }
  if (!works) throw new InvalidJwksError(`${name}: its private and its public part are not a pair`)
  if ((key.asymmetricKeyDetails?.modulusLength ?? 2048) < 2048) {
    throw new InvalidJwksError(`${name}: has fewer than 2048 bits`)
  }
  return key.export({ format: 'jwk' }) as JWK
}

function describe(error: z.ZodError): string {
  const fields = new Set(error.issues.map(({ path }) => path.join('.') || 'kty'))
  const wanted = 'a private key is wanted, EC on P-256 (alg ES256) or RSA (alg RS256), with "use" sig or none'
  return `${[...fields].map((field) => `"${field}"`).join(', ')} missing or not usable: ${wanted}`
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
