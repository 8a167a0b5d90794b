import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { ConfigError, loadConfig } from '../../config/index.ts'
import { loadIntrospectionClient } from '../../resource-server/introspection-client.ts'

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-key-'))
afterAll(() => rm(folder, { recursive: true }))
const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
const privateJwk = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'key-1' }
const publicJwk = { ...(await exportJWK(publicKey)), alg: 'ES256' }
const { alg: _, ...privateJwkWithoutAlg } = privateJwk
const pem = await exportPKCS8(privateKey)

async function load(content: unknown, env: Readonly<Record<string, string>> = {}) {
  const file = join(folder, `${crypto.randomUUID()}.json`)
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return loadIntrospectionClient(loadConfig({ RESOURCE_CLIENT_KEY: file, ...env }, 'resource-server'))
}

describe('loadIntrospectionClient', () => {
  it('takes the secret where there is no key', async () => {
    const env = { RESOURCE_CLIENT_ID: 'a', RESOURCE_CLIENT_SECRET: 'b' }
    expect(await loadIntrospectionClient(loadConfig(env, 'resource-server'))).toEqual({
      id: 'a',
      secret: 'b',
    })
  })

  it('takes the key rather than the secret, with its kid', async () => {
    const client = await load(privateJwk, { RESOURCE_CLIENT_ID: 'a', RESOURCE_CLIENT_SECRET: 'b' })
    expect(client).toEqual({ id: 'a', privateKey: { key: expect.any(CryptoKey), kid: 'key-1' } })
  })

  it('takes a key without a kid', async () => {
    const { kid: _, ...anonymous } = privateJwk
    expect(Object.keys((await load(anonymous)).privateKey ?? {})).toEqual(['key'])
  })

  it.each<readonly [string, unknown]>([
    ['a public key', publicJwk],
    ['a secret', { kty: 'oct', k: 'Y2FuYXJ5LXNlY3JldA', alg: 'HS256' }],
    ['a key without alg', privateJwkWithoutAlg],
    ['a PEM', pem],
    ['nothing', ''],
    ['null', 'null'],
    ['a key with a part missing', { ...privateJwk, x: undefined }],
  ])('51: refuses %s, naming the variable and nothing of what is in the file', async (_, content) => {
    const error = await load(content).catch((reason) => reason)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.message).toContain('RESOURCE_CLIENT_KEY')
    for (const secret of [privateJwk.d, 'Y2FuYXJ5LXNlY3JldA', 'PRIVATE KEY']) {
      expect(error.message).not.toContain(secret)
    }
  })

  it('refuses a file that is not there', async () => {
    const config = loadConfig({ RESOURCE_CLIENT_KEY: join(folder, 'none') }, 'resource-server')
    await expect(loadIntrospectionClient(config)).rejects.toThrow('RESOURCE_CLIENT_KEY')
  })
})
