import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { JWKS } from 'oidc-provider'

/**
 * Makes the key that signs ID tokens: ES256, new at each start. Access tokens are opaque and need none.
 * @returns private keys, the signing one first
 */
export async function createSigningKeys(): Promise<JWKS> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { keys: [{ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' }] }
}
