import { DpopSession, generateDpopKeyPair } from '@modelcontextprotocol/client'
import { calculateJwkThumbprint, exportJWK, importJWK } from 'jose'
import type { CryptoKey, JWK, ServerMetadata } from 'openid-client'
import { refusal } from './authorization-server-metadata.ts'

const algorithm = 'ES256'

/** A key to bind tokens to (RFC 9449), as openid-client and the MCP SDK take it. */
export interface DpopKey {
  /** Private; what is kept. */
  readonly jwk: JWK
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
}

/** A new key. It can be exported, because it has to outlive the process as the refresh token does. */
export async function generateDpopKey(): Promise<DpopKey> {
  const { privateKey, publicKey } = await generateDpopKeyPair({ alg: algorithm, extractable: true })
  return { jwk: await exportJWK(privateKey), privateKey, publicKey }
}

/** @param jwk of a private key, as it was kept */
export async function importDpopKey(jwk: JWK): Promise<DpopKey> {
  const { d: _, ...publicJwk } = jwk
  const load = async (key: JWK) => (await importJWK(key, algorithm, { extractable: true })) as CryptoKey
  return { jwk, privateKey: await load(jwk), publicKey: await load(publicJwk) }
}

/** @throws ClientFailure when the authorization server does not bind tokens to keys */
export function requireDpopSupport(server: ServerMetadata): void {
  if (server.dpop_signing_alg_values_supported?.includes(algorithm)) return
  throw refusal(server.issuer, `does not bind tokens to keys (DPoP with ${algorithm}, RFC 9449)`)
}

/** Proves possession of a key to the MCP server, for as long as the session lasts. */
export async function openDpopSession(jwk: JWK): Promise<DpopSession> {
  const { privateKey, publicKey } = await importDpopKey(jwk)
  const { d: _, ...publicJwk } = jwk
  const thumbprint = await calculateJwkThumbprint(publicJwk)
  return await DpopSession.create({
    keyPair: { privateKey, publicKey, publicJwk, thumbprint, alg: algorithm },
  })
}
