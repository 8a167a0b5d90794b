import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { generateKeyPair, importJWK, SignJWT } from 'jose'
import { type ConfigError, loadConfig } from '../../config/index.ts'
import '../support/same-realm-clone.ts'
import { openServer } from '../support/http-server.ts'
import { sendRequest } from '../support/mcp-request.ts'
import { Browser, basic, obtainTokens, post } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'
import { startResourceServer } from '../support/start-resource-server.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-keys-'))
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  const page = await readFile('docs/keys.md', 'utf8')
  const [, command = ''] = /```sh\n(node .*?\n")\n/s.exec(page) ?? []
  await promisify(execFile)('sh', ['-c', command], { cwd: folder })
})
afterAll(() => rm(folder, { recursive: true }))

const files = () => ({
  RESOURCE_CLIENT_KEY: join(folder, 'mcp-server.key.json'),
  RESOURCE_CLIENT_JWKS: join(folder, 'mcp-server.jwks.json'),
})

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

async function introspectByKey(
  { issuer }: RunningProvider,
  token: unknown,
  address: string,
  key?: CryptoKey,
) {
  const jwk = JSON.parse(await readFile(files().RESOURCE_CLIENT_KEY, 'utf8'))
  const client_assertion = await new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer('mcp-server')
    .setSubject('mcp-server')
    .setAudience(issuer)
    .setExpirationTime('1m')
    .sign(key ?? (await importJWK(jwk)))
  const fields = { token: String(token), client_assertion_type: assertionType, client_assertion }
  return post(`${issuer}/introspect`, fields, { 'x-forwarded-for': address })
}

describe('an MCP server with a key that docs/keys.md makes', () => {
  it('lets people in by what the provider says, and the secret opens nothing', async () => {
    const at = await openServer()
    const resource = `${at.origin}/mcp`
    const provider = await startProvider({ resource, env: files() })
    const mcp = await startResourceServer({ issuer: provider.issuer, env: files(), at })
    try {
      const { body } = await obtainTokens(provider, 'alice')
      const token = String(body.access_token)
      const call = { name: 'read_data', arguments: { resource_id: 'doc1' } }
      const answer = await sendRequest(mcp.resource, 'tools/call', call, { token })
      expect(answer.body.result?.isError).toBeUndefined()
      expect((await sendRequest(mcp.resource, 'tools/call', call, { token: 'x' })).status).toBe(401)
      const bySecret = await post(
        `${provider.issuer}/introspect`,
        { token },
        basic(mcp.config.resourceClient),
      )
      expect(bySecret).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    } finally {
      await mcp.stop()
      await provider.stop()
    }
  })

  it('may ask as often as it likes, but where strangers fail at its own address', async () => {
    const env = { ...files(), RATE_LIMIT_ANONYMOUS: '5', TRUST_PROXY: 'loopback' }
    const provider = await startProvider({ env })
    try {
      const { body } = await obtainTokens(provider, 'alice', {}, new Browser())
      const own = '203.0.113.1'
      const answers: unknown[] = []
      for (let index = 0; index < 12; index += 1) {
        answers.push((await introspectByKey(provider, body.access_token, own)).body.active)
      }
      expect(answers).toEqual(Array(12).fill(true))
      const { privateKey: stranger } = await generateKeyPair('ES256')
      const refused: number[] = []
      for (let index = 0; index < 7; index += 1) {
        refused.push((await introspectByKey(provider, body.access_token, '203.0.113.2', stranger)).status)
      }
      expect(refused).toEqual([401, 401, 401, 401, 401, 401, 429])
      const guess = basic({ id: 'mcp-server', secret: 'mcp-server-development-secret' })
      const bySecret = await post(
        `${provider.issuer}/introspect`,
        { token: 'x' },
        { ...guess, 'x-forwarded-for': '203.0.113.2' },
      )
      expect(bySecret.status).toBe(429)
      expect((await introspectByKey(provider, body.access_token, own)).body.active).toBe(true)
    } finally {
      await provider.stop()
    }
  })
})

describe('RESOURCE_CLIENT_JWKS', () => {
  const load = async (content: unknown) => {
    const file = join(folder, 'tried.json')
    await writeFile(file, JSON.stringify(content))
    return () => loadConfig({ RESOURCE_CLIENT_JWKS: file }, 'provider')
  }

  it('is refused when it holds a private key, or no JWKS', async () => {
    const key = JSON.parse(await readFile(files().RESOURCE_CLIENT_KEY, 'utf8'))
    expect(await load({ keys: [key] })).toThrow(/RESOURCE_CLIENT_JWKS.*keys\.0 holds a private key/)
    expect(await load(key)).toThrow(/RESOURCE_CLIENT_JWKS.*holds no JWKS/)
    expect(await load({ keys: [] })).toThrow(/RESOURCE_CLIENT_JWKS.*keys is empty/)
    expect(await load({ keys: [{ kty: 'oct', k: 'secret' }] })).toThrow(/is not one of EC, OKP, RSA/)
    expect(await load({ keys: [key] })).not.toThrow(key.d)
  })

  it('takes the place of the secret in production', () => {
    const problems = (env: Record<string, string>) => {
      try {
        loadConfig({ NODE_ENV: 'production', ...env }, 'provider')
      } catch (error) {
        return (error as ConfigError).problems.map(({ variable }) => variable)
      }
      return []
    }
    expect(problems({})).toContain('RESOURCE_CLIENT_SECRET')
    expect(problems(files())).not.toContain('RESOURCE_CLIENT_SECRET')
  })
})
