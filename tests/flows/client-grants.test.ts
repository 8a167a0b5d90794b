import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { exportJWK, generateKeyPair } from 'jose'
import '../support/same-realm-clone.ts'
import { authorizationCode } from '../../client/grants/authorization-code.ts'
import { clientCredentials } from '../../client/grants/client-credentials.ts'
import { type DeviceInstructions, deviceCode } from '../../client/grants/device-code.ts'
import { createOAuthClient, type OAuthClientOptions } from '../../client/oauth-client.ts'
import { createSecureFetch, type Fetch } from '../../client/secure-fetch.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import { writeClientsFile } from '../support/clients-file.ts'
import { Browser, form, signIn } from '../support/sign-in.ts'
import { type RunningServers, startServers } from '../support/start-servers.ts'

const { publicKey, privateKey } = await generateKeyPair('ES256')
const machine = {
  client_id: 'reports',
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [await exportJWK(publicKey)] },
  scope: 'read',
}

let servers: RunningServers
beforeAll(async () => {
  servers = await startServers({
    env: { DPOP: 'required', DPOP_NONCE_KEY: 'a-key-of-thirty-two-characters-or-more' },
    provider: { env: { CLIENTS: writeClientsFile([machine]) } },
  })
})
afterAll(() => servers.stop())

const signInAsAlice = authorizationCode({
  visit: async (url) => {
    await fetch(await signIn(new Browser(), { url: url.href }, 'alice'))
  },
})

const openClient = (options: Partial<OAuthClientOptions> = {}) =>
  createOAuthClient({
    resource: servers.resource,
    client: { id: 'test-client' },
    store: createMemoryTokenStore(),
    grant: signInAsAlice,
    ...options,
  })

const whoami = { name: 'get_user_profile', arguments: {} }

describe('an MCP server that demands bound tokens and a nonce (RFC 9449)', () => {
  it('is served with proofs: sign-in, calls, refresh, and the next process', async () => {
    const store = createMemoryTokenStore()
    const client = openClient({ store })
    const session = await client.connect()
    expect((await session.callTool(whoami)).structuredContent).toMatchObject({ username: 'alice' })
    const before = await client.authorization.tokens()
    const after = await client.authorization.refresh()
    expect(after?.dpopKey).toEqual(before?.dpopKey)
    expect(after?.accessToken).not.toBe(before?.accessToken)
    await session.callTool(whoami)
    await session.close()
    const nobody = authorizationCode({ visit: () => Promise.reject(new Error('Nobody signs in here.')) })
    const next = await openClient({ store, grant: nobody }).connect()
    expect((await next.callTool(whoami)).structuredContent).toMatchObject({ username: 'alice' })
    await next.close()
  })

  it('takes no bound token from a thief without the key', async () => {
    const { accessToken } = await openClient().authorization.signIn()
    const answer = await fetch(servers.resource, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${accessToken}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: whoami }),
    })
    expect(answer.status).toBe(401)
  })
})

describe('a client that nobody registered', () => {
  it('registers, signs in and is served; the registration serves the next sign-in too', async () => {
    const store = createMemoryTokenStore()
    const client = createOAuthClient({ resource: servers.resource, grant: signInAsAlice, store })
    await client.authorization.signIn()
    await client.authorization.signIn()
    expect(await store.registrations.list()).toMatchObject([{ origin: 'dynamic', authMethod: 'none' }])
    expect(await client.signOut()).toBe('revoked')
    expect(await store.tokens.list()).toEqual([])
  })
})

describe('the device flow', () => {
  /** The library waits for one interval, and for more when it asks too early; the test need not. */
  const inTime = (fetch: Fetch, allowed: Promise<void>): Fetch => {
    return async (url, init) => {
      if (init?.purpose === 'token') await allowed
      const response = await fetch(url, init)
      if (init?.purpose !== 'device-authorization') return response
      return Response.json({ ...(await response.json()), interval: 0.01 }, response)
    }
  }

  it('signs in somebody whose browser is elsewhere, with a bound token', async () => {
    const shown = Promise.withResolvers<DeviceInstructions>()
    const client = openClient({
      grant: deviceCode({ show: shown.resolve }),
      fetch: inTime(createSecureFetch(servers.resource), shown.promise.then(allowAsAlice)),
    })
    await client.authorization.signIn()
    const session = await client.connect()
    expect((await session.callTool(whoami)).structuredContent).toMatchObject({ username: 'alice' })
    await session.close()
    expect(await client.authorization.tokens()).toMatchObject({ refreshToken: expect.any(String) })
  })

  async function allowAsAlice({ verificationUriComplete }: DeviceInstructions): Promise<void> {
    const browser = new Browser()
    const press = async (page: Parameters<typeof form>[0], fields: Record<string, string>) => {
      const { action, body } = form(page, '', fields)
      return await browser.open(action, { method: 'POST', body })
    }
    const confirm = await press(await browser.open(verificationUriComplete?.href ?? ''), {})
    const login = await press(confirm, { confirm: 'yes' })
    const consent = await browser.submit(login, 'continue', { username: 'alice', password: 'password123' })
    await browser.submit(consent, 'allow')
  }
})

describe('a machine', () => {
  it('calls tools with its own scopes, by private_key_jwt, and nobody signs in', async () => {
    const client = openClient({ client: { id: 'reports', privateKey }, grant: clientCredentials() })
    const session = await client.connect()
    const read = await session.callTool({ name: 'read_data', arguments: { resource_id: 'doc1' } })
    expect(read.isError ?? false).toBe(false)
    const write = session.callTool({ name: 'write_data', arguments: { resource_id: 'a', content: 'b' } })
    await expect(write).rejects.toThrow()
    await session.close()
  })
})
