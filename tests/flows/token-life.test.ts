import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { callTool, type McpAnswer } from '../support/mcp-request.ts'
import { post, refresh } from '../support/sign-in.ts'
import { createTestClient } from '../support/sign-in-client.ts'
import { startServers } from '../support/start-servers.ts'

const cacheSeconds = 10

/** What the MCP server takes for the time, in milliseconds. The provider has its own clock. */
let serverTime = 0
/** What the client takes for the time, in milliseconds. */
let clientTime = 0
beforeEach(() => {
  serverTime = Date.now()
  clientTime = Date.now()
})

const servers = await startServers({
  env: { INTROSPECTION_CACHE_SECONDS: String(cacheSeconds) },
  now: () => serverTime,
})
afterAll(() => servers.stop())

const profileWith = (token: string): Promise<McpAnswer> =>
  callTool(servers.resource, 'get_user_profile', {}, { token })

const statusOf = async (token: string) => (await profileWith(token)).status

async function signIn(username: string) {
  const client = createTestClient(servers.resource, username, {
    now: () => Math.floor(clientTime / 1000),
  })
  return { client, tokens: await client.authorization.signIn() }
}

/** Ends a token without telling the client, as the provider's revocation endpoint does (RFC 7009). */
const revoke = (token: string) =>
  post(`${servers.issuer}/revoke`, { client_id: 'test-client', token }).then(({ status }) => status)

describe('an access token', () => {
  it('is renewed by the client when it expires, without asking the user', async () => {
    const { client, tokens } = await signIn('alice')
    clientTime += 3600 * 1000
    const session = await client.connect()
    const { isError } = await session.callTool({ name: 'get_user_profile' })
    await session.close()
    const renewed = await client.authorization.tokens()
    expect([isError ?? false, client.signIns()]).toEqual([false, 1])
    expect(renewed?.accessToken).not.toBe(tokens.accessToken)
    expect(renewed?.refreshToken).not.toBe(tokens.refreshToken)
    expect(renewed?.scopes).toEqual(tokens.scopes)
  })

  it('is refused by the MCP server once it has expired, cached or not', async () => {
    const { tokens: cached } = await signIn('alice')
    const { tokens: fresh } = await signIn('alice')
    serverTime = Date.now() + 3600 * 1000 - 120_000
    expect(await statusOf(cached.accessToken)).toBe(200)
    serverTime += 121_000
    for (const { accessToken } of [cached, fresh]) {
      const { status, headers } = await profileWith(accessToken)
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
  })

  it('that is cached and then revoked is believed for the cache’s time, and not a moment longer', async () => {
    const { tokens } = await signIn('alice')
    expect(await statusOf(tokens.accessToken)).toBe(200)
    expect(await revoke(tokens.accessToken)).toBe(200)
    serverTime += cacheSeconds * 1000 - 1
    expect(await statusOf(tokens.accessToken)).toBe(200)
    serverTime += 1
    expect(await statusOf(tokens.accessToken)).toBe(401)
  })

  it('that is revoked before its first use is never believed', async () => {
    const { tokens } = await signIn('alice')
    expect(await revoke(tokens.accessToken)).toBe(200)
    expect(await statusOf(tokens.accessToken)).toBe(401)
  })

  it('25: survives when another client tries to revoke it', async () => {
    const { tokens } = await signIn('alice')
    const registered = await fetch(`${servers.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        redirect_uris: ['https://client.example/cb'],
        token_endpoint_auth_method: 'none',
      }),
    })
    const { client_id: clientId } = (await registered.json()) as { client_id: string }
    expect(clientId).toBeDefined()
    await post(`${servers.issuer}/revoke`, { client_id: clientId, token: tokens.accessToken })
    expect(await statusOf(tokens.accessToken)).toBe(200)
  })
})

describe('a refresh token', () => {
  it('is replaced at each use, and the new one works', async () => {
    const { client, tokens } = await signIn('bob')
    const second = await client.authorization.refresh()
    const third = await client.authorization.refresh()
    const all = [tokens, second, third].map((each) => each?.refreshToken)
    expect(new Set(all).size).toBe(3)
    expect(await statusOf(third?.accessToken ?? '')).toBe(200)
  })

  it('18: used twice ends everything that came from that sign-in, at the MCP server too', async () => {
    const { client, tokens } = await signIn('bob')
    const other = await signIn('bob')
    const renewed = await client.authorization.refresh()
    expect(await statusOf(renewed?.accessToken ?? '')).toBe(200)

    const { status, body } = await refresh(servers.provider, tokens.refreshToken)
    expect([status, body.error]).toEqual([400, 'invalid_grant'])
    serverTime += cacheSeconds * 1000
    expect(await statusOf(renewed?.accessToken ?? '')).toBe(401)
    expect(await client.authorization.refresh()).toBeUndefined()
    expect(await statusOf(other.tokens.accessToken)).toBe(200)
  })

  it('25: takes its access tokens with it when it is revoked', async () => {
    const { tokens } = await signIn('bob')
    expect(await revoke(tokens.refreshToken ?? '')).toBe(200)
    expect(await statusOf(tokens.accessToken)).toBe(401)
  })
})

describe('signing out', () => {
  it('ends both tokens, and the next call asks the user again', async () => {
    const { client, tokens } = await signIn('alice')
    expect(await client.signOut()).toBe('revoked')
    expect(await client.authorization.tokens()).toBeUndefined()
    expect(await statusOf(tokens.accessToken)).toBe(401)
    expect((await refresh(servers.provider, tokens.refreshToken)).status).toBe(400)
    const session = await client.connect()
    await session.callTool({ name: 'get_user_profile' })
    await session.close()
    expect(client.signIns()).toBe(2)
  })
})
