import { afterEach, describe, expect, it } from '@jest/globals'
import { type ClientRegistrarOptions, createClientRegistrar } from '../../client/client-registration.ts'
import type { Discovery } from '../../client/discovery.ts'
import { exitStatus } from '../../client/failure.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import { createStandIns } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

const metadataUrl = 'https://client.example/metadata.json'
const request = { redirectUri: 'http://127.0.0.1:4321/callback', grantTypes: ['authorization_code'] }

async function start(
  server: Record<string, unknown> = {},
  options: Partial<ClientRegistrarOptions> = {},
  answer: Record<string, unknown> = {},
) {
  let count = 0
  const { origin, to } = await standIns.start(() => ({
    '/register': () => ({ status: 201, body: { client_id: `client-${++count}`, ...answer } }),
  }))
  const clock = { now: 1_000 }
  const store = createMemoryTokenStore()
  const registrar = createClientRegistrar({
    clientName: 'A client',
    store,
    fetch: createSecureFetch(origin),
    now: () => clock.now,
    ...options,
  })
  const discovery: Discovery = {
    resource: 'https://mcp.example/mcp',
    resourceIndicator: 'https://mcp.example/mcp',
    issuer: origin,
    server: { issuer: origin, registration_endpoint: `${origin}/register`, ...server },
    dpopRequired: false,
    rules: {},
  }
  const sent = () => to('/register').map(({ body }) => JSON.parse(body))
  const known = async () =>
    (await registrar.find(discovery)) ?? (await registrar.register(discovery, request))
  return { registrar, discovery, store, clock, sent, known }
}

const documents = { client_id_metadata_document_supported: true }

describe('a client at an authorization server', () => {
  it('is the one that was registered by hand, before anything else', async () => {
    const client = { id: 'by-hand', secret: 'secret' }
    const { known, sent } = await start(documents, { client, clientMetadataUrl: metadataUrl })
    expect(await known()).toMatchObject({ clientId: 'by-hand', clientSecret: 'secret' })
    expect(sent()).toEqual([])
  })

  it('is its metadata document where that is understood, before it registers', async () => {
    const { known, sent } = await start(documents, { clientMetadataUrl: metadataUrl })
    expect(await known()).toMatchObject({ clientId: metadataUrl })
    expect(sent()).toEqual([])
  })

  it('registers as a native application without a secret, with the redirect URI in use', async () => {
    const { known, sent } = await start({}, { clientMetadataUrl: metadataUrl })
    expect(await known()).toMatchObject({ clientId: 'client-1', authMethod: 'none' })
    expect(sent()).toEqual([
      {
        client_name: 'A client',
        application_type: 'native',
        redirect_uris: [request.redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
    ])
  })

  it('registers with a secret where a client must have one', async () => {
    const answer = { client_secret: 'given', client_secret_expires_at: 0 }
    const methods = { token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_post'] }
    const { known, sent } = await start(methods, {}, answer)
    expect(await known()).toMatchObject({ clientSecret: 'given', authMethod: 'client_secret_post' })
    expect(sent()[0].token_endpoint_auth_method).toBe('client_secret_post')
  })

  it('registers once, and is found by the next process', async () => {
    const { known, registrar, discovery, sent } = await start()
    await Promise.all([known(), known(), known()])
    expect((await registrar.find(discovery))?.registration.redirectUri).toBe(request.redirectUri)
    expect(sent()).toHaveLength(1)
  })

  it('registers again for a grant that it is not registered for', async () => {
    const { known, registrar, discovery, sent } = await start()
    await known()
    expect(await registrar.find(discovery, ['authorization_code'])).toBeDefined()
    expect(await registrar.find(discovery, ['another'])).toBeUndefined()
    const again = await registrar.register(discovery, { grantTypes: ['another'] })
    expect([again.clientId, sent().at(-1).grant_types]).toEqual(['client-2', ['another']])
  })

  it('registers again when its secret has expired, or the server has forgotten it', async () => {
    const answer = { client_secret: 'given', client_secret_expires_at: 2_000 }
    const { known, clock, registrar } = await start({}, {}, answer)
    const first = await known()
    clock.now = 2_000
    const second = await known()
    clock.now = 1_500
    await registrar.forget(first.registration)
    const third = await known()
    await registrar.forget(third.registration)
    const fourth = await known()
    expect([first, second, third, fourth].map(({ clientId }) => clientId)).toEqual([
      'client-1',
      'client-2',
      'client-2',
      'client-3',
    ])
  })

  it('lets go of a registration that the server may not know, unless a refresh token depends on it', async () => {
    const { known, registrar, store, discovery } = await start()
    const { registration } = await known()
    const tokens = {
      profile: 'default',
      issuer: discovery.issuer,
      resource: 'https://mcp.example/other',
      clientId: registration.clientId,
      accessToken: 'access',
      refreshToken: 'refresh',
      scopes: [],
    }
    await store.tokens.update(tokens, async () => tokens)
    await registrar.forgetIfUnused(registration)
    expect((await registrar.find(discovery))?.clientId).toBe('client-1')
    await store.tokens.remove(tokens)
    await registrar.forgetIfUnused(registration)
    expect(await registrar.find(discovery)).toBeUndefined()
  })

  it.each([
    [{ registration_endpoint: undefined }, {}, /set CLIENT_ID/],
    [
      { registration_endpoint: undefined },
      { client: { id: 'a', issuer: 'https://other.example' } },
      /ISSUER=/,
    ],
  ])('says what to do where it cannot register: %p, %p', async (server, options, hint) => {
    const { known } = await start(server, options)
    await expect(known()).rejects.toMatchObject({
      status: exitStatus.signIn,
      hint: expect.stringMatching(hint),
    })
  })

  it('does not register for a grant that is for clients registered by hand', async () => {
    const { registrar, discovery, sent } = await start()
    await expect(registrar.register(discovery, {})).rejects.toMatchObject({ status: exitStatus.signIn })
    expect(sent()).toEqual([])
  })

  it('stays with the authorization server at which it was used first (attack 43)', async () => {
    const { registrar, discovery } = await start({}, { client: { id: 'by-hand', secret: 'secret' } })
    const elsewhere = { ...discovery, issuer: 'https://other.example' }
    expect((await registrar.find(discovery))?.clientId).toBe('by-hand')
    expect(await registrar.find(elsewhere)).toBeUndefined()
    expect((await registrar.find(discovery))?.clientId).toBe('by-hand')
  })
})
