import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { authorizationCode } from '../../client/grants/authorization-code.ts'
import { createOAuthClient, type OAuthClientOptions } from '../../client/oauth-client.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import { Browser, signIn } from '../support/sign-in.ts'
import { type RunningServers, startServers } from '../support/start-servers.ts'

let servers: RunningServers
beforeAll(async () => {
  servers = await startServers({ env: { DPOP: 'required' } })
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

describe('an MCP server that demands bound tokens (RFC 9449)', () => {
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
    const store = createMemoryTokenStore()
    const client = openClient({ store })
    const { accessToken } = await client.authorization.signIn()
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
