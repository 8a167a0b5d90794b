import { afterEach, describe, expect, it } from '@jest/globals'
import { createAuthorization } from '../../client/auth-provider.ts'
import { createAuthorizer } from '../../client/authorizer.ts'
import { createClientRegistrar } from '../../client/client-registration.ts'
import { discover } from '../../client/discovery.ts'
import type { Grant } from '../../client/grants/grant.ts'
import type { IssuerRules } from '../../client/issuer-rules.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import { defaultProfile, type Tokens } from '../../client/tokens.ts'
import {
  authorizationServerMetadata,
  createStandIns,
  protectedResourceMetadata,
  type StandInAnswer,
} from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

const now = 1_000
const renewal: StandInAnswer = {
  body: { access_token: 'renewed', refresh_token: 'refresh-2', token_type: 'bearer', expires_in: 60 },
}
const invalidGrant: StandInAnswer = { status: 400, body: { error: 'invalid_grant' } }

interface Start {
  readonly held?: Partial<Tokens>
  readonly token?: StandInAnswer
  readonly rules?: IssuerRules
}

async function start({ held, token = renewal, rules = {} }: Start = {}) {
  const server = await standIns.start((origin) => ({
    '/.well-known/oauth-authorization-server': { body: authorizationServerMetadata(origin) },
    '/.well-known/oauth-protected-resource/mcp': { body: protectedResourceMetadata(`${origin}/mcp`, origin) },
    '/token': token,
  }))
  const resource = `${server.origin}/mcp`
  const fetch = createSecureFetch(resource)
  const key = { profile: defaultProfile, issuer: server.origin, resource, clientId: 'test-client' }
  const store = createMemoryTokenStore()
  const kept: Tokens = { ...key, accessToken: 'held', refreshToken: 'refresh-1', scopes: ['read'], ...held }
  if (held) await store.tokens.update(kept, async () => kept)
  const signIns: (readonly string[])[] = []
  const clock = () => now
  const client = { id: 'test-client' }
  const registrar = createClientRegistrar({ client, clientName: 'A client', store, fetch, now: clock })
  const grant: Grant = {
    interactive: true,
    grantTypes: [],
    async obtain({ scopes, connect }) {
      await connect()
      signIns.push(scopes)
      return { access_token: `signed-in-${signIns.length}`, token_type: 'bearer' }
    },
  }
  const authorization = createAuthorization({
    resource,
    profile: defaultProfile,
    store,
    discover: (metadataUrl) => discover({ resource, fetch, rulesOf: () => rules }, metadataUrl),
    authorizer: async () =>
      createAuthorizer({
        profile: defaultProfile,
        grant,
        registrar,
        dpop: 'when-required',
        fetch,
        now: clock,
      }),
    now: clock,
  })
  return { server, store, kept, authorization, signIns, tokenRequests: () => server.to('/token') }
}

const refusal = (challenge = 'Bearer error="invalid_token"') => ({
  response: new Response(null, { status: 401, headers: { 'www-authenticate': challenge } }),
})

describe('token', () => {
  it('is undefined before anybody has signed in, without asking anyone', async () => {
    const { server, authorization } = await start()
    expect(await authorization.token()).toBeUndefined()
    expect(server.requests).toEqual([])
  })

  it.each([undefined, now + 60])('is the one that is held while it lasts (until %p)', async (expiresAt) => {
    const { server, authorization } = await start({ held: { expiresAt } })
    expect(await authorization.token()).toBe('held')
    expect(server.requests).toEqual([])
  })

  it('is renewed when it has expired, for the same resource, and the new refresh token is kept', async () => {
    const { authorization, store, kept, tokenRequests } = await start({ held: { expiresAt: now } })
    expect(await authorization.token()).toBe('renewed')
    expect(Object.fromEntries(tokenRequests()[0]?.fields ?? [])).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-1',
      resource: kept.resource,
    })
    expect(await store.tokens.read(kept)).toMatchObject({
      accessToken: 'renewed',
      refreshToken: 'refresh-2',
      expiresAt: now + 60,
      scopes: ['read'],
    })
  })

  it('is renewed once for everyone who asks at the same time', async () => {
    const { authorization, tokenRequests } = await start({ held: { expiresAt: now } })
    const tokens = await Promise.all(Array.from({ length: 5 }, () => authorization.token()))
    expect(tokens).toEqual(Array(5).fill('renewed'))
    expect(tokenRequests()).toHaveLength(1)
  })

  it('is undefined when it has expired and cannot be renewed: a public tool needs none', async () => {
    const { authorization, signIns } = await start({ held: { expiresAt: now } })
    await standIns.stop()
    expect(await authorization.token()).toBeUndefined()
    expect(signIns).toEqual([])
  })

  it('keeps the refresh token when the server gives no new one', async () => {
    const token = { body: { access_token: 'renewed', token_type: 'bearer' } }
    const { authorization, store, kept } = await start({ held: { expiresAt: now }, token })
    await authorization.token()
    expect((await store.tokens.read(kept))?.refreshToken).toBe('refresh-1')
  })
})

describe('onUnauthorized', () => {
  it('renews a token that the server no longer takes', async () => {
    const { authorization, signIns } = await start({ held: {} })
    await authorization.token()
    await authorization.onUnauthorized(refusal())
    expect(await authorization.token()).toBe('renewed')
    expect(signIns).toEqual([])
  })

  it('signs in when the refresh token is no longer taken', async () => {
    const { authorization, signIns } = await start({ held: {}, token: invalidGrant })
    await authorization.token()
    await authorization.onUnauthorized(refusal())
    expect(signIns).toHaveLength(1)
    expect(await authorization.tokens()).not.toHaveProperty('refreshToken')
  })

  it('asks for the scopes of the challenge', async () => {
    const { authorization, signIns } = await start()
    await authorization.onUnauthorized(refusal('Bearer scope="read"'))
    expect(signIns).toEqual([['read']])
  })

  it('keeps the scopes that were granted before', async () => {
    const held = { scopes: ['write'], refreshToken: undefined }
    const { authorization, signIns } = await start({ held })
    await authorization.token()
    await authorization.onUnauthorized(refusal('Bearer scope="read"'))
    expect(signIns).toEqual([['write', 'read']])
  })

  it('asks for the scopes that the resource lists when the challenge names none', async () => {
    const { authorization, signIns } = await start()
    await authorization.onUnauthorized(refusal('Bearer'))
    expect(signIns).toEqual([['read', 'write']])
  })

  it('signs in once for everyone who was refused at the same time', async () => {
    const { authorization, signIns } = await start()
    await Promise.all(Array.from({ length: 5 }, () => authorization.onUnauthorized(refusal())))
    expect(signIns).toHaveLength(1)
  })

  it('keeps the tokens when the authorization server fails, and says so', async () => {
    const { authorization, store, kept, signIns } = await start({ held: {}, token: { status: 503 } })
    await authorization.token()
    await expect(authorization.onUnauthorized(refusal())).rejects.toThrow()
    expect(await store.tokens.read(kept)).toEqual(kept)
    expect(signIns).toEqual([])
  })

  it('sends no token of one authorization server to another (attack 43)', async () => {
    const { authorization, signIns, tokenRequests } = await start({ held: { issuer: 'https://old.example' } })
    await authorization.onUnauthorized(refusal())
    expect(tokenRequests()).toEqual([])
    expect(signIns).toHaveLength(1)
  })
})

describe('refresh', () => {
  it('forgets tokens that the authorization server no longer renews', async () => {
    const { authorization } = await start({ held: {}, token: invalidGrant })
    expect(await authorization.refresh()).toBeUndefined()
    expect(await authorization.tokens()).toBeUndefined()
  })

  it('forgets them as well after a bare 400 where that is known to mean so', async () => {
    const token = { status: 400, headers: { 'content-type': 'text/plain' }, body: '' }
    const { authorization } = await start({ held: {}, token, rules: { bareRefusals: true } })
    expect(await authorization.refresh()).toBeUndefined()
    expect(await authorization.tokens()).toBeUndefined()
  })

  it.each([
    [
      'a 400 of a proxy',
      { status: 400, headers: { 'content-type': 'text/html' }, body: '<h1>Too large</h1>' },
    ],
    ['a bare 400', { status: 400, headers: { 'content-type': 'text/plain' }, body: '' }],
    ['another error', { status: 400, body: { error: 'invalid_target' } }],
    ['a bare 500', { status: 500, headers: { 'content-type': 'text/plain' }, body: '' }],
  ])('keeps them when it fails otherwise: %s', async (_, token) => {
    const { authorization, store, kept } = await start({ held: {}, token })
    await expect(authorization.refresh()).rejects.toThrow()
    expect(await store.tokens.read(kept)).toEqual(kept)
  })

  it('does nothing without a refresh token', async () => {
    const { authorization, tokenRequests } = await start({ held: { refreshToken: undefined } })
    expect(await authorization.refresh()).toBeUndefined()
    expect(tokenRequests()).toEqual([])
  })
})
