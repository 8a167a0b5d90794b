import { readFile } from 'node:fs/promises'
import { importJWK, type JWK } from 'jose'
import { type Config, ConfigError, keyProblem } from '../config/index.ts'
import type { IntrospectionClient } from './auth/introspection.ts'

/**
 * The credentials with which this server introspects: a private key (RFC 7523), else the secret, else none.
 * @throws ConfigError when the file does not hold a private JWK with `alg`, or a published one
 */
export async function loadIntrospectionClient(config: Config): Promise<IntrospectionClient> {
  const { resourceClient, resourceClientKey } = config
  if (resourceClientKey === undefined) return resourceClient
  const fail = (problem: string) => new ConfigError([{ variable: 'RESOURCE_CLIENT_KEY', problem }])
  try {
    const jwk = JSON.parse(await readFile(resourceClientKey, 'utf8')) as JWK
    const key = await importJWK(jwk)
    if (!(key instanceof CryptoKey) || key.type !== 'private') throw new TypeError('it is not a private key')
    const problem = keyProblem(jwk)
    if (problem !== undefined) throw fail(problem)
    return { id: resourceClient.id, privateKey: { key, ...(jwk.kid !== undefined && { kid: jwk.kid }) } }
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw fail(`the file must hold a private JWK with alg (${(cause as Error).name})`)
  }
}
