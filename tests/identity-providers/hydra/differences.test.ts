import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { startProgram } from '../../support/programs.ts'
import { authorizationRequest, post } from '../../support/sign-in.ts'
import { createTestClient } from '../../support/sign-in-client.ts'
import { refuse } from '../refusal.ts'
import {
  callbackOf,
  createClient,
  harness,
  introspectionEndpoint,
  issuer,
  resource,
  signInAt,
  startMcp,
} from './hydra.ts'

/** Where Hydra sends the browser that brings an authorization request. */
async function answerTo(params: Record<string, string | undefined>): Promise<URL> {
  const config = { client: { id: 'test-client' }, resource }
  const state = 'a-state-of-eight-characters-at-least'
  const request = new URL(authorizationRequest({ issuer, config } as never, { state, ...params }).url)
  const response = await fetch(`${issuer}/oauth2/auth${request.search}`, { redirect: 'manual' })
  await response.body?.cancel()
  return new URL(response.headers.get('location') ?? '', issuer)
}

afterEach(harness.stopServers)

describe('Hydra', () => {
  let metadata: Readonly<Record<string, unknown>>
  beforeAll(async () => {
    metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
  })

  it('names no introspection endpoint, and without one the MCP server does not start', async () => {
    expect(metadata).not.toHaveProperty('introspection_endpoint')
    const mcp = startProgram('resource-server/main.ts', { ISSUER: issuer, IDP: 'hydra' })
    const { code, stderr } = await mcp.ended
    expect([code, stderr]).toEqual([2, expect.stringContaining('INTROSPECTION_ENDPOINT')])
  })

  it('asks for no credentials where it introspects: that port is for nobody but the operator', async () => {
    await startMcp()
    const { accessToken: token } = await createClient('alice').authorization.signIn()
    expect((await post(introspectionEndpoint, { token })).body).toMatchObject({ active: true, sub: 'alice' })
  })

  it('does not say who answers (RFC 9207), and does not promise to', async () => {
    expect(metadata).not.toHaveProperty('authorization_response_iss_parameter_supported')
    await startMcp()
    const callbacks: URL[] = []
    const client = createClient('alice', {
      signInAt: async (url, username) => void callbacks.push(await callbackOf(url, username)),
    })
    await client.authorization.signIn()
    const [callback] = callbacks
    expect([...(callback?.searchParams.keys() ?? [])].sort()).toEqual(['code', 'scope', 'state'])
  })

  it('ignores `resource`: a token that was not asked for by `audience` is for nobody, and the log says so', async () => {
    const client = createTestClient(resource, 'alice', { signInAt })
    const token = async () => (await client.authorization.signIn()).accessToken
    const { status, advice } = await refuse(harness, {}, token)
    expect(status).toBe(401)
    expect(advice).toContain(`the token is for nobody, not for ${resource}`)
    expect(advice).toContain('IDP=hydra')
  })

  it('gives no audience to a client that has none in its list', async () => {
    const location = await answerTo({ audience: 'https://another.example/mcp' })
    expect(location.searchParams.get('error_description')).toContain('has not been whitelisted')
  })

  it('takes any port of 127.0.0.1, and nothing of localhost', async () => {
    const accepted = await answerTo({ redirect_uri: 'http://127.0.0.1:1/callback' })
    expect(accepted.pathname).toBe('/login')
    const refused = await answerTo({ redirect_uri: 'http://localhost:1/callback' })
    expect(refused.searchParams.get('error_description')).toContain("'redirect_uri' parameter does not match")
  })

  it('refuses a scope that the client may not have with invalid_scope', async () => {
    await startMcp()
    const { authorization } = createClient('alice')
    const refused = authorization.signIn({ scopes: ['read', 'unheard-of'] })
    await expect(refused).rejects.toMatchObject({ error: 'invalid_scope' })
  })

  it('makes opaque tokens unless the client is told otherwise: signatures cannot be verified then', async () => {
    const token = () => harness.obtainToken('alice')
    expect((await refuse(harness, { TOKEN_VALIDATION: 'jwt' }, token)).status).toBe(401)
  })
})
