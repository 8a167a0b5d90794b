import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Tokens } from '../../../client/tokens.ts'
import { callTool } from '../../support/mcp-request.ts'
import { post } from '../../support/sign-in.ts'
import type { RunningResourceServer } from '../../support/start-resource-server.ts'
import { createClient, issuer, startMcp, startSibling } from './keycloak.ts'

const cacheSeconds = 10
let time = Date.now()
let introspecting: RunningResourceServer
let verifying: RunningResourceServer
beforeEach(() => {
  time = Date.now()
})
beforeAll(async () => {
  const now = () => time
  introspecting = await startMcp({ INTROSPECTION_CACHE_SECONDS: String(cacheSeconds) }, { now })
  verifying = await startSibling({ TOKEN_VALIDATION: 'jwt' }, { now })
})
afterAll(async () => {
  await introspecting.stop()
  await verifying.stop()
})

async function signIn(username: string) {
  const client = createClient(username, { now: () => Math.floor(time / 1000) })
  return { client, tokens: await client.authorization.signIn() }
}

/** What the MCP server answers to that token, introspecting or not. */
async function statusOf({ accessToken: token }: Tokens, { resource: url } = introspecting): Promise<number> {
  return (await callTool(url, 'get_user_profile', {}, { token })).status
}

/** As the user's account page, or another client of theirs, would: this client is not told. */
async function revoke(token: string): Promise<void> {
  const { status } = await post(`${issuer}/protocol/openid-connect/revoke`, {
    client_id: 'test-client',
    token,
  })
  expect(status).toBe(200)
}

const refresh = (token: string | undefined) =>
  post(`${issuer}/protocol/openid-connect/token`, {
    grant_type: 'refresh_token',
    client_id: 'test-client',
    refresh_token: String(token),
  })

describe('a token of Keycloak', () => {
  it('is renewed by the client when it expires, without asking the user, with the scopes that it had', async () => {
    const { client, tokens } = await signIn('alice')
    time += 3600 * 1000
    const renewed = await client.authorization.refresh()
    expect(client.signIns()).toBe(1)
    expect(renewed?.accessToken).not.toBe(tokens.accessToken)
    expect(renewed?.refreshToken).not.toBe(tokens.refreshToken)
    expect(renewed?.scopes).toEqual(tokens.scopes)
  })

  it('that is revoked while it is cached is believed for the cache’s time, and not a moment longer', async () => {
    const { tokens } = await signIn('alice')
    expect(await statusOf(tokens)).toBe(200)
    await revoke(tokens.accessToken)
    time += cacheSeconds * 1000 - 1
    expect(await statusOf(tokens)).toBe(200)
    time += 1
    expect(await statusOf(tokens)).toBe(401)
  })

  it('that is revoked before its first use is never believed', async () => {
    const { tokens } = await signIn('alice')
    await revoke(tokens.accessToken)
    expect(await statusOf(tokens)).toBe(401)
  })

  it('that is revoked and verified by its signature is believed until it expires', async () => {
    const { tokens } = await signIn('bob')
    await revoke(tokens.accessToken)
    expect(await statusOf(tokens, verifying)).toBe(200)
    const tolerance = 15
    time = ((tokens.expiresAt ?? 0) + tolerance - 5) * 1000
    expect(await statusOf(tokens, verifying)).toBe(200)
    time += 6_000
    expect(await statusOf(tokens, verifying)).toBe(401)
  })

  it('ends with its grant: the refresh token is revoked, and the access token with it', async () => {
    const { tokens } = await signIn('bob')
    await revoke(tokens.refreshToken ?? '')
    expect(await statusOf(tokens)).toBe(401)
    expect((await refresh(tokens.refreshToken)).body).toMatchObject({ error: 'invalid_grant' })
  })

  it('18: of a refresh token that was used twice is worth nothing any more', async () => {
    const { client, tokens } = await signIn('bob')
    const renewed = await client.authorization.refresh()
    expect((await refresh(tokens.refreshToken)).body).toMatchObject({ error: 'invalid_grant' })
    expect((await refresh(renewed?.refreshToken)).body).toMatchObject({ error: 'invalid_grant' })
  })

  it('is revoked by signing out, and the next call asks the user again', async () => {
    const { client, tokens } = await signIn('alice')
    expect(await client.signOut()).toBe('revoked')
    expect(await statusOf(tokens)).toBe(401)
    const session = await client.connect()
    await session.callTool({ name: 'get_user_profile' })
    await session.close()
    expect(client.signIns()).toBe(2)
  })

  it('33: is not an ID token: one for the same user is refused in both ways', async () => {
    const { authorization } = createClient('alice')
    const { refreshToken } = await authorization.signIn({ scopes: ['openid', 'read'] })
    const { body } = await refresh(refreshToken)
    const idToken = { accessToken: String(body.id_token) } as Tokens
    expect(idToken.accessToken).toMatch(/^ey/)
    expect(await statusOf(idToken)).toBe(401)
    expect(await statusOf(idToken, verifying)).toBe(401)
  })
})
