import type { RequestListener } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { documentLimit, mayFetchMetadataDocument } from '../../provider/metadata-documents.ts'
import { openStorage } from '../../provider/storage/open-storage.ts'
import { createGuardedFetch } from '../../runtime/guarded-fetch.ts'
import { openServer, type TestServer } from '../support/http-server.ts'
import {
  authorizationRequest,
  Browser,
  introspect,
  obtainTokens,
  redeem,
  refresh,
  signIn,
} from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

describe('mayFetchMetadataDocument', () => {
  it.each(['https://app.example/client', 'https://app.example:8443/oauth/client.json'])('allows %s', (id) => {
    expect(mayFetchMetadataDocument(id)).toBe(true)
  })

  it.each([
    'https://app.example',
    'https://app.example/',
    'https://APP.example/client',
    'https://app.example:443/client',
    'https://app.example/cli ent',
    'https://äpp.example/client',
    'https://app.example/client?id=1',
    `https://app.example/${'x'.repeat(500)}`,
    'https://127.0.0.1:9443/client',
    'https://0x7f000001/client',
    'https://2130706433/client',
    'https://[::1]/client',
    'https://[::ffff:10.0.0.1]/client',
    'https://10.0.0.1/client',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/client',
    'https://localhost./client',
    'https://app.example./client',
    'https://app.localhost/client',
    'https://intranet/client',
    'https://vault.internal/client',
    'https://printer.local/client',
  ])('refuses %s', (id) => {
    expect(mayFetchMetadataDocument(id)).toBe(false)
  })
})

describe('client metadata documents', () => {
  const fetched: string[] = []
  let documents: TestServer
  let answer: RequestListener
  let document: Record<string, unknown>
  let running: RunningProvider
  let id: string
  let count = 0

  beforeAll(async () => {
    // Jest's globals hide the dispatcher from oidc-provider, which warns; ours replaces it.
    jest.spyOn(console, 'warn').mockImplementation(() => {})
    documents = await openServer((request, response) => answer(request, response))
    running = await startProvider({
      // The clients' host, on this machine. What may be reached is guarded-fetch.test.ts's matter.
      fetch: async (input, init) => {
        fetched.push(String(input))
        const { method, headers, redirect, signal } = init ?? {}
        const { pathname } = new URL(String(input))
        return fetch(`${documents.origin}${pathname}`, { method, headers, redirect, signal } as RequestInit)
      },
    })
  })
  afterAll(async () => {
    await running.stop()
    await documents.close()
  })
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
    answer = (_request, response) => response.end(JSON.stringify(document))
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

  it.each([
    'http://app.example/client',
    'https://app.example',
    'https://app.example/a/../client',
    'https://app.example/a/%2e%2e/client',
    'https://user@app.example/client',
    'https://app.example/client#fragment',
    'https://127.0.0.1:9443/client',
    'https://localhost/client',
    `https://app.example/${'x'.repeat(500)}`,
  ])('fetches nothing for %s (attacks 28, 29)', async (clientId) => {
    const answer = await new Browser().open(request(clientId).url)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
    expect(fetched).toEqual([])
  })

  it.each<[string, RequestListener]>([
    ['another identifier', send(() => ({ client_id: 'https://other.example/client' }))],
    ['a foreign http redirect', send(() => ({ redirect_uris: ['http://evil.example/'] }))],
    ['a script for a redirect', send(() => ({ redirect_uris: ['javascript:alert(1)'] }))],
    ['a shared secret', send(() => ({ client_secret: 'secret' }))],
    ['client credentials', send(() => ({ grant_types: ['client_credentials'] }))],
    ['more than 5 kB', send(() => ({ client_uri: `https://a.example/${'x'.repeat(6_000)}` }))],
    ['a name that turns the text around it', send(() => ({ client_name: '\u202ekcab' }))],
    ['a redirect', (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['status 404', (_request, response) => response.writeHead(404).end(JSON.stringify(document))],
    ['status 206', (_request, response) => response.writeHead(206).end(JSON.stringify(document))],
    ['no JSON', (_request, response) => response.end('<!doctype html>')],
    ['a list', (_request, response) => response.end(JSON.stringify([document]))],
    [
      'a body that never ends',
      (_request, response) => {
        response.write('{')
      },
    ],
  ])('does not accept a document with %s, and does not remember it (attack 29)', async (_what, bad) => {
    const good = answer
    answer = bad
    const refused = await new Browser().open(request().url)
    expect(refused.status).toBe(400)
    expect(refused.headers.get('location')).toBeNull()
    expect(refused.document.text).toMatch(/Error\s*invalid_(client|redirect_uri)/)
    expect(new Set(fetched)).toEqual(new Set([id]))
    answer = good
    expect((await new Browser().open(request().url)).document.querySelector('#password')).not.toBeNull()
  })

  it('that lead to an internal address are refused as the others are, and nothing is sent', async () => {
    const internal = await openServer((_request, response) => response.end(JSON.stringify(document)))
    let connections = 0
    internal.server.on('connection', () => {
      connections += 1
    })
    const guarded = await startProvider({
      fetch: createGuardedFetch((_hostname, _options, callback) =>
        callback(null, [{ address: '127.0.0.1', family: 4 }]),
      ),
    })
    const clientId = `https://app.example:${internal.port}/client`
    const refused = await new Browser().open(authorizationRequest(guarded, { client_id: clientId }).url)
    expect(refused.status).toBe(400)
    expect(refused.document.text).toMatch(/invalid_client/)
    expect(connections).toBe(0)
    await guarded.stop()
    await internal.close()
  })

  it('let a client sign in again and again, on one device and on several, and end no earlier sign-in (attack 30)', async () => {
    const params = { client_id: id, scope: 'read offline_access', prompt: 'consent' }
    const desktop = new Browser()
    const first = await obtainTokens(running, 'alice', params, desktop)
    const phone = await obtainTokens(running, 'alice', params)
    const again = await obtainTokens(running, 'alice', params, desktop)
    for (const { body } of [first, phone, again]) {
      expect(await refresh(running, body.refresh_token, { client_id: id })).toMatchObject({ status: 200 })
    }
  })

  it('are fetched at one address’s wish so many times and no more, the known ones served on (attack 29)', async () => {
    const counted: string[] = []
    const limited = await startProvider({
      fetch: async (input) => {
        counted.push(String(input))
        return Response.json({ ...document, client_id: String(input) })
      },
    })
    const openWith = (n: number) =>
      new Browser().open(authorizationRequest(limited, { client_id: `https://app.example/c/${n}` }).url)
    const answers = await Promise.all(Array.from({ length: documentLimit.points + 5 }, (_, n) => openWith(n)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(documentLimit.points)
    expect(counted).toHaveLength(documentLimit.points)
    const served = answers.findIndex(({ status }) => status === 200)
    expect((await openWith(served)).status).toBe(200)
    await limited.stop()
  })

  // A fetch that never ends would otherwise hold up the MCP server's question.
  it('are not asked for when a token is introspected: their host may be down or slow', async () => {
    const storage = await openStorage('memory:')
    const first = await startProvider({ storage, fetch: async () => Response.json(document) })
    const { body } = await obtainTokens(first, 'alice', { client_id: id })
    const asked: string[] = []
    const restarted = await startProvider({
      storage,
      fetch: (input) => {
        asked.push(String(input))
        return new Promise(() => {})
      },
    })
    expect((await introspect(restarted, body.access_token)).body).toMatchObject({
      active: true,
      client_id: id,
    })
    expect(asked).toEqual([])
    await Promise.all([first.stop(), restarted.stop()])
    await storage.close()
  })

  /** Answers with the document, changed. */
  function send(change: () => Record<string, unknown>): RequestListener {
    return (_request, response) => response.end(JSON.stringify({ ...document, ...change() }))
  }
})
