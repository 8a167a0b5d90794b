import { afterEach, describe, expect, it } from '@jest/globals'
import { createClientRegistrar } from '../../client/client-registration.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { signOut } from '../../client/sign-out.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import { defaultProfile, type Tokens } from '../../client/tokens.ts'
import { authorizationServerMetadata, createStandIns, type StandInAnswer } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

async function start(metadata: Record<string, unknown> = {}, revoke: StandInAnswer = {}, secret?: string) {
  const server = await standIns.start((origin) => ({
    '/.well-known/oauth-authorization-server': {
      body: { ...authorizationServerMetadata(origin), ...metadata },
    },
    '/revoke': revoke,
  }))
  const tokens: Tokens = {
    profile: defaultProfile,
    issuer: server.origin,
    resource: 'http://localhost:1/mcp',
    clientId: 'test-client',
    accessToken: 'access',
    refreshToken: 'refresh',
    scopes: [],
  }
  const store = createMemoryTokenStore()
  await store.tokens.update(tokens, async () => tokens)
  const fetch = createSecureFetch(tokens.resource)
  const client = { id: 'test-client', ...(secret !== undefined && { secret }) }
  const registrar = createClientRegistrar({ client, clientName: 'A client', store, fetch, now: () => 0 })
  const options = { registrar, store, fetch }
  const revoked = () => server.to('/revoke').map(({ fields }) => fields.get('token'))
  return { tokens, store, options, revoked }
}

describe('signOut', () => {
  it('revokes both tokens where they came from, then forgets them', async () => {
    const { tokens, store, options, revoked } = await start()
    expect(await signOut(tokens, options)).toBe('revoked')
    expect(revoked()).toEqual(['refresh', 'access'])
    expect(await store.tokens.read(tokens)).toBeUndefined()
  })

  it('only forgets where revocation is not offered, and says so', async () => {
    const { tokens, store, options, revoked } = await start({ revocation_endpoint: undefined })
    expect(await signOut(tokens, options)).toBe('forgotten')
    expect(revoked()).toEqual([])
    expect(await store.tokens.read(tokens)).toBeUndefined()
  })

  it('keeps the tokens when revoking fails, to be tried again', async () => {
    const { tokens, store, options } = await start({}, { status: 503 })
    await expect(signOut(tokens, options)).rejects.toThrow()
    expect(await store.tokens.read(tokens)).toEqual(tokens)
  })

  const refusals: readonly [string, StandInAnswer][] = [
    ['invalid_client', { status: 401, body: { error: 'invalid_client' } }],
    ['a bare 401', { status: 401, headers: { 'content-type': 'text/plain' }, body: '' }],
  ]

  it.each(refusals)('only forgets where clients without a secret may not revoke: %s', async (_, refusal) => {
    const { tokens, store, options } = await start({}, refusal)
    expect(await signOut(tokens, options)).toBe('forgotten')
    expect(await store.tokens.read(tokens)).toBeUndefined()
  })

  it.each(refusals)('keeps the tokens of a client whose secret is refused: %s', async (_, refusal) => {
    const { tokens, store, options } = await start({}, refusal, 'a wrong secret')
    await expect(signOut(tokens, options)).rejects.toThrow()
    expect(await store.tokens.read(tokens)).toEqual(tokens)
  })

  it('has nothing to do when nobody is signed in', async () => {
    const { options, revoked } = await start()
    expect(await signOut(undefined, options)).toBe('nothing')
    expect(revoked()).toEqual([])
  })
})
