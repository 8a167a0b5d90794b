import { afterEach, describe, expect, it } from '@jest/globals'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { signOut } from '../../client/sign-out.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import type { Tokens } from '../../client/tokens.ts'
import { authorizationServerMetadata, createStandIns, type StandInAnswer } from './stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

async function start(metadata: Record<string, unknown> = {}, revoke: StandInAnswer = {}) {
  const server = await standIns.start((origin) => ({
    '/.well-known/oauth-authorization-server': {
      body: { ...authorizationServerMetadata(origin), ...metadata },
    },
    '/revoke': revoke,
  }))
  const tokens: Tokens = {
    issuer: server.origin,
    resource: 'http://localhost:1/mcp',
    clientId: 'test-client',
    accessToken: 'access',
    refreshToken: 'refresh',
    scopes: [],
  }
  const store = createMemoryTokenStore()
  await store.save(tokens)
  const options = { client: { id: 'test-client' }, store, fetch: createSecureFetch(tokens.resource) }
  const revoked = () => server.to('/revoke').map(({ fields }) => fields.get('token'))
  return { tokens, store, options, revoked }
}

describe('signOut', () => {
  it('revokes both tokens where they came from, then forgets them', async () => {
    const { tokens, store, options, revoked } = await start()
    expect(await signOut(tokens, options)).toBe('revoked')
    expect(revoked()).toEqual(['refresh', 'access'])
    expect(await store.find(tokens)).toBeUndefined()
  })

  it('only forgets where revocation is not offered, and says so', async () => {
    const { tokens, store, options, revoked } = await start({ revocation_endpoint: undefined })
    expect(await signOut(tokens, options)).toBe('forgotten')
    expect(revoked()).toEqual([])
    expect(await store.find(tokens)).toBeUndefined()
  })

  it('keeps the tokens when revoking fails, to be tried again', async () => {
    const { tokens, store, options } = await start({}, { status: 503 })
    await expect(signOut(tokens, options)).rejects.toThrow()
    expect(await store.find(tokens)).toEqual(tokens)
  })

  it('has nothing to do when nobody is signed in', async () => {
    const { options, revoked } = await start()
    expect(await signOut(undefined, options)).toBe('nothing')
    expect(revoked()).toEqual([])
  })
})
