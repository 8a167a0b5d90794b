import { afterEach, describe, expect, it } from '@jest/globals'
import type { IssuerRules } from '../../../client/issuer-rules.ts'
import { authorizationRequest, post } from '../../support/sign-in.ts'
import { createTestClient, type SignedInClient } from '../../support/sign-in-client.ts'
import { refuse } from '../refusal.ts'
import {
  createClient,
  harness,
  issuer,
  operator,
  origin,
  redirectPort,
  resource,
  signInAt,
  startMcp,
} from './glewlwyd.ts'
import { openSession } from './session.ts'

const redirectUri = `http://127.0.0.1:${redirectPort}/callback`

/** What Glewlwyd answers to an authorization request, before anybody has signed in. */
async function statusOf(params: Record<string, string | undefined>): Promise<number> {
  const config = { client: { id: 'test-client' }, resource }
  const request = new URL(authorizationRequest({ issuer, config } as never, params).url)
  const response = await fetch(`${issuer}/auth${request.search}`, { redirect: 'manual' })
  await response.body?.cancel()
  return response.status
}

/** A client with other rules than the profile's. */
function createOtherClient(rules: IssuerRules): SignedInClient {
  return createTestClient(resource, 'alice', { signInAt, rulesOf: () => ({ redirectUri, ...rules }) })
}

/** Changes a parameter of the plugin, and changes it back. */
async function withParameter<Result>(
  name: string,
  value: unknown,
  run: () => Promise<Result>,
): Promise<Result> {
  const session = await openSession(origin, operator.username, operator.password)
  const plugin = (await session.request('GET', 'mod/plugin/oidc')) as { parameters: Record<string, unknown> }
  const configure = async (parameters: Record<string, unknown>) => {
    await session.request('PUT', 'mod/plugin/oidc', { ...plugin, parameters })
    await session.request('PUT', 'mod/plugin/oidc/reset')
  }
  await configure({ ...plugin.parameters, [name]: value })
  try {
    return await run()
  } finally {
    await configure(plugin.parameters)
  }
}

afterEach(harness.stopServers)

describe('Glewlwyd', () => {
  it('takes the redirect URI that is registered, and no other port', async () => {
    expect(await statusOf({ redirect_uri: redirectUri })).toBe(302)
    expect(await statusOf({ redirect_uri: `http://127.0.0.1:${redirectPort + 1}/callback` })).toBe(403)
  })

  it('refuses a resource that is not listed with invalid_target', async () => {
    await startMcp()
    const rules = { omitResource: true, authorizationParameters: { resource: 'https://other.example/mcp' } }
    const { authorization } = createOtherClient(rules)
    await expect(authorization.signIn()).rejects.toMatchObject({ error: 'invalid_target' })
  })

  it('makes a token for its scopes when no resource is named: 401, and the log says where to list it', async () => {
    const { authorization } = createOtherClient({ omitResource: true })
    const { status, advice } = await refuse(
      harness,
      {},
      async () => (await authorization.signIn()).accessToken,
    )
    expect(status).toBe(401)
    expect(advice).toContain(`the token is for read write, not for ${resource}`)
    expect(advice).toContain('Resource Indicators')
  })

  it('refuses a wrong secret: 503, and the log names the variable and the page', async () => {
    const token = () => harness.obtainToken('alice')
    const { status, advice, log } = await refuse(harness, { RESOURCE_CLIENT_SECRET: 'not-the-secret' }, token)
    expect(status).toBe(503)
    expect(log).toContain('does not accept the credentials of mcp-server')
    expect(advice).toContain('RESOURCE_CLIENT_SECRET')
    expect(log).not.toContain('not-the-secret')
  })

  it('calls tokens of other clients inactive, unless a scope for introspection is set as well', async () => {
    const { status, log } = await withParameter('introspection-revocation-auth-scope', [], () =>
      refuse(harness, {}, () => harness.obtainToken('alice')),
    )
    expect(status).toBe(401)
    expect(log).toContain('"reason":"inactive"')
  })

  it('lets no public client revoke, and answers a refresh token that has ended with a bare 400', async () => {
    await startMcp()
    const client = createClient('bob')
    const { accessToken, refreshToken = '' } = await client.authorization.signIn()
    const fields = { client_id: 'test-client', token: accessToken }
    expect((await post(`${issuer}/revoke`, fields)).status).toBe(401)
    await client.authorization.refresh()
    const body = { grant_type: 'refresh_token', client_id: 'test-client', refresh_token: refreshToken }
    const response = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(body) })
    expect([response.status, await response.text()]).toEqual([400, ''])
  })

  it('after which the client asks the user again', async () => {
    await startMcp()
    const client = createClient('bob')
    const { refreshToken = '' } = await client.authorization.signIn()
    await client.authorization.refresh()
    // Used twice: the whole family has ended.
    const body = { grant_type: 'refresh_token', client_id: 'test-client', refresh_token: refreshToken }
    await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(body) })
    expect(await client.authorization.refresh()).toBeUndefined()
    const session = await client.connect()
    await session.callTool({ name: 'get_user_profile' })
    await session.close()
    expect(client.signIns()).toBe(2)
  })
})
