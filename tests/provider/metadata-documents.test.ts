import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { guardedFetch, mayFetchMetadataDocument } from '../../provider/metadata-documents.ts'
import { authorizationRequest, Browser, redeem, signIn } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

describe('mayFetchMetadataDocument', () => {
  it.each(['https://app.example/client', 'https://app.example:8443/oauth/client.json'])('allows %s', (id) => {
    expect(mayFetchMetadataDocument(id)).toBe(true)
  })

  it.each([
    'https://app.example',
    'https://app.example/',
    'https://127.0.0.1:9443/client',
    'https://0x7f000001/client',
    'https://2130706433/client',
    'https://[::1]/client',
    'https://[::ffff:10.0.0.1]/client',
    'https://10.0.0.1/client',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/client',
    'https://localhost./client',
    'https://app.localhost/client',
    'https://intranet/client',
    'https://vault.internal/client',
    'https://printer.local/client',
  ])('refuses %s', (id) => {
    expect(mayFetchMetadataDocument(id)).toBe(false)
  })
})

describe('guardedFetch', () => {
  it('does not fetch without the guard', async () => {
    await expect(guardedFetch('https://app.example/client', { method: 'GET' })).rejects.toThrow('guard')
  })
})

describe('client metadata documents', () => {
  const fetched: string[] = []
  let document: Record<string, unknown>
  let running: RunningProvider
  let id: string
  let count = 0

  beforeAll(async () => {
    // Jest's globals hide the dispatcher from oidc-provider, which warns; nothing is fetched here.
    jest.spyOn(console, 'warn').mockImplementation(() => {})
    running = await startProvider({
      fetch: async (url) => {
        fetched.push(String(url))
        return Response.json(document)
      },
    })
  })
  afterAll(() => running.stop())
  beforeEach(() => {
    fetched.length = 0
    id = `https://app.example/client/${count++}`
    document = {
      client_id: id,
      client_name: 'Document client',
      redirect_uris: ['http://127.0.0.1/callback'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
    }
  })

  const request = (clientId = id) =>
    authorizationRequest(running, { client_id: clientId, scope: 'read write' })

  it('lets a client sign in that describes itself, and fetches the document once', async () => {
    document.scope = 'openid'
    const tokens = await redeem(running, request(), await signIn(new Browser(), request(), 'alice'))
    expect(tokens.body).toMatchObject({ error: 'invalid_grant' })
    const used = request()
    const good = await redeem(running, used, await signIn(new Browser(), used, 'alice'))
    expect(good.body).toMatchObject({ scope: 'read write' })
    expect(fetched).toEqual([id])
  })

  it('shows it as unverified, with its host', async () => {
    const browser = new Browser()
    const login = await browser.open(request().url)
    const consent = await browser.submit(login, 'continue', { username: 'alice', password: 'password123' })
    expect(consent.document.querySelector('.warning')?.text).toMatch(/Not verified.*app\.example/s)
  })

  // Attacks 28 and 29.
  it.each([
    'http://app.example/client',
    'https://app.example',
    'https://app.example/a/../client',
    'https://app.example/a/%2e%2e/client',
    'https://user@app.example/client',
    'https://app.example/client#fragment',
    'https://127.0.0.1:9443/client',
    'https://localhost/client',
  ])('fetches nothing for %s', async (clientId) => {
    const answer = await new Browser().open(request(clientId).url)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
    expect(fetched).toEqual([])
  })

  it.each<[string, () => void]>([
    ['another identifier', () => Object.assign(document, { client_id: 'https://other.example/client' })],
    ['a foreign http redirect', () => Object.assign(document, { redirect_uris: ['http://evil.example/'] })],
    ['a script for a redirect', () => Object.assign(document, { redirect_uris: ['javascript:alert(1)'] })],
    ['a shared secret', () => Object.assign(document, { client_secret: 'secret' })],
    [
      'more than 5 kB',
      () => Object.assign(document, { client_uri: `https://a.example/${'x'.repeat(6_000)}` }),
    ],
    ['a name that turns the text around it', () => Object.assign(document, { client_name: '\u202ekcab' })],
  ])('does not accept a document with %s', async (_what, change) => {
    change()
    const answer = await new Browser().open(request().url)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
    expect(new Set(fetched)).toEqual(new Set([id]))
  })
})
