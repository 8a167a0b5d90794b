import { readFile } from 'node:fs/promises'
import type { JWK } from 'jose'
import type { Config } from '../config/index.ts'
import type { PreregisteredClient } from './client-registration.ts'
import { ClientFailure, exitStatus } from './failure.ts'

/**
 * The registration that the settings name: CLIENT_ID with CLIENT_SECRET or CLIENT_KEY. Without CLIENT_ID it is the
 * development provider's, and nobody else's.
 * @throws ClientFailure when CLIENT_KEY does not hold a private JWK with `alg`
 */
export async function loadClient(
  { client, issuer }: Pick<Config, 'client' | 'issuer'>,
  { CLIENT_ID, CLIENT_KEY }: Readonly<Record<string, string | undefined>>,
): Promise<PreregisteredClient> {
  const known = CLIENT_ID ? client : { ...client, issuer }
  if (!CLIENT_KEY) return known
  try {
    // Loaded by those who have a key: everybody else's commands start sooner.
    const { importJWK } = await import('jose')
    const key = await importJWK(JSON.parse(await readFile(CLIENT_KEY, 'utf8')) as JWK)
    if (!(key instanceof CryptoKey) || key.type !== 'private') throw new TypeError('it is no private key')
    return { ...known, privateKey: key }
  } catch (cause) {
    throw new ClientFailure('CLIENT_KEY must name a file with a private JWK that has alg.', {
      status: exitStatus.usage,
      hint: 'The authorization server has its public half, for private_key_jwt (RFC 7523).',
      cause,
    })
  }
}
