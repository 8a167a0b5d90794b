import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from '@jest/globals'
import { describeError } from '../../client/describe-error.ts'
import { exitStatus } from '../../client/failure.ts'
import { authorizationCode } from '../../client/grants/authorization-code.ts'
import { deviceCode } from '../../client/grants/device-code.ts'
import type { Grant } from '../../client/grants/grant.ts'
import { createOAuthClient, type OAuthClientOptions } from '../../client/oauth-client.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import { startMaliciousMcpServer } from '../support/malicious-mcp-server.ts'
import { createStandIns, type Routes, type StandIn, type StandInRequest } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

const wellKnown = '/.well-known/oauth-authorization-server'

/** Metadata without `iss` (RFC 9207), for an issuer that may have a path. */
function metadataOf(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    code_challenge_methods_supported: ['S256'],
  }
}

const portless = (uri: string) => uri.replace(/^(http:\/\/127\.0\.0\.1):\d+/, '$1')

/**
 * An authorization server that makes no mistake but one: it sends no `iss`. Clients, redirect URIs (any loopback
 * port) and PKCE are checked, and its user agrees at once.
 */
function honestRoutes(origin: string, path = ''): Routes {
  const issuer = origin + path
  const clients = new Map<string, readonly string[]>([['by-hand', ['http://127.0.0.1/callback']]])
  const codes = new Map<string, URLSearchParams>()
  return {
    [`${wellKnown}${path}`]: { body: metadataOf(issuer) },
    [`${path}/register`]: ({ body }) => {
      const id = `client-${clients.size}-of-honest`
      clients.set(id, JSON.parse(body).redirect_uris)
      return { status: 201, body: { client_id: id, token_endpoint_auth_method: 'none' } }
    },
    [`${path}/authorize`]: ({ path: asked }) => {
      const request = new URL(asked, origin).searchParams
      const uri = request.get('redirect_uri') ?? ''
      const registered = clients.get(request.get('client_id') ?? '')?.map(portless)
      if (!registered?.includes(portless(uri))) return { status: 400, body: 'redirect URI' }
      const code = `honest-code-${codes.size}`
      codes.set(code, request)
      const callback = new URL(uri)
      callback.searchParams.set('code', code)
      callback.searchParams.set('state', request.get('state') ?? '')
      return { status: 302, headers: { location: callback.href } }
    },
    [`${path}/token`]: ({ fields }) => {
      const request = codes.get(fields.get('code') ?? '')
      const verifier = createHash('sha256').update(fields.get('code_verifier') ?? '')
      const fits = verifier.digest('base64url') === request?.get('code_challenge')
      if (!fits) return { status: 400, body: { error: 'invalid_grant' } }
      return {
        body: { access_token: 'honest-access', refresh_token: 'honest-refresh', token_type: 'bearer' },
      }
    },
  }
}

/** What the evil authorization server does. Its own part otherwise looks right. */
interface Evil {
  readonly metadata?: (honest: string, evil: string) => Record<string, unknown>
  /** Registers the client. Default: hands out an id of its own. */
  readonly register?: (request: StandInRequest, honest: string) => Promise<string>
  /** Where its own authorization endpoint leads. */
  readonly lead?: (request: URLSearchParams, honest: string) => URL
}

function evilRoutes(origin: string, honest: string, { metadata, register, lead }: Evil, path = ''): Routes {
  const issuer = origin + path
  return {
    [`${wellKnown}${path}`]: { body: { ...metadataOf(issuer), ...metadata?.(honest, issuer) } },
    [`${path}/register`]: async (request) => ({
      status: 201,
      body: { client_id: (await register?.(request, honest)) ?? 'a', token_endpoint_auth_method: 'none' },
    }),
    [`${path}/authorize`]: ({ path: asked }) => {
      const target = lead?.(new URL(asked, origin).searchParams, honest)
      return target ? { status: 302, headers: { location: target.href } } : { status: 404 }
    },
    [`${path}/token`]: { body: { access_token: 'evil-access', token_type: 'bearer' } },
  }
}

/** The evil server registers at the honest one with the redirect URI of the victim, and hands out what it got. */
const registerAtHonest = async ({ body }: StandInRequest, honest: string): Promise<string> => {
  const response = await fetch(`${honest}/register`, { method: 'POST', body })
  return String((await response.json()).client_id)
}

const borrowed = (honest: string) => ({ authorization_endpoint: `${honest}/authorize` })

/** Signs in at an MCP server whose authorization server is the issuer. The wait ends when the browser has ended. */
async function signIn(issuer: string, options: Partial<OAuthClientOptions> = {}) {
  const mcp = await startMaliciousMcpServer(standIns, { issuers: () => [issuer] })
  const end = new AbortController()
  const pages: number[] = []
  const visited: URL[] = []
  const client = createOAuthClient({
    resource: mcp.resource,
    store: createMemoryTokenStore(),
    grant: authorizationCode({
      signal: end.signal,
      async visit(url) {
        visited.push(url)
        const response = await fetch(url)
        pages.push(response.status)
        await response.text()
        end.abort(new Error('The browser has ended.'))
      },
    }),
    ...options,
  })
  const tokens = await client.authorization.signIn().then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  )
  return { ...tokens, pages, visited, description: tokens.error ? describeError(tokens.error) : undefined }
}

/** What the evil token endpoint was told. */
const stolen = (evil: StandIn, path = '/token') => evil.to(path).map(({ fields }) => [...fields])

async function startBoth(evil: Evil) {
  const honest = await standIns.start((origin) => honestRoutes(origin))
  const other = await standIns.start((origin) => evilRoutes(origin, honest.origin, evil))
  return { honest, evil: other }
}

describe('an authorization server that sends no iss, honest', () => {
  it('signs its user in: registered dynamically, by hand, and as one tenant of many', async () => {
    const honest = await standIns.start((origin) => ({
      ...honestRoutes(origin),
      ...honestRoutes(origin, '/tenants/a'),
    }))
    const { origin } = honest
    const dynamic = await signIn(origin)
    const byHand = await signIn(origin, { client: { id: 'by-hand', issuer: origin } })
    const tenant = await signIn(`${origin}/tenants/a`)
    expect([dynamic, byHand, tenant].map(({ value }) => value?.accessToken)).toEqual(
      Array(3).fill('honest-access'),
    )
    const uris = [dynamic, byHand, tenant].map(({ visited }) => visited[0]?.searchParams.get('redirect_uri'))
    expect(portless(uris[1] ?? '')).toBe('http://127.0.0.1/callback')
    expect(portless(uris[0] ?? '')).toMatch(/^http:\/\/127\.0\.0\.1\/callback\/[\w-]{22}$/)
    expect(new Set(uris.map((uri) => portless(uri ?? ''))).size).toBe(3)
  })

  it('comes back to the redirect URI that earlier versions registered', async () => {
    const { origin } = await standIns.start((own) => honestRoutes(own))
    const store = createMemoryTokenStore()
    await store.registrations.update({ issuer: origin }, async () => ({
      issuer: origin,
      clientId: 'by-hand',
      origin: 'dynamic',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUri: 'http://127.0.0.1:40000/callback',
    }))
    const { value, visited } = await signIn(origin, { store })
    expect(value?.accessToken).toBe('honest-access')
    expect(portless(visited[0]?.searchParams.get('redirect_uri') ?? '')).toBe('http://127.0.0.1/callback')
  })

  it('may have its pages anywhere when it promises iss and sends it', async () => {
    const pages = await standIns.start(() => ({
      '/authorize': ({ path }) => ({ status: 302, headers: { location: `${issuer.origin}${path}` } }),
    }))
    const issuer = await standIns.start((own) => {
      const { '/authorize': authorize, ...routes } = honestRoutes(own)
      const metadata = {
        ...metadataOf(own),
        authorization_endpoint: `${pages.origin}/authorize`,
        authorization_response_iss_parameter_supported: true,
      }
      return {
        ...routes,
        [wellKnown]: { body: metadata },
        async '/authorize'(request: StandInRequest) {
          const answer = typeof authorize === 'function' ? await authorize(request) : {}
          const location = new URL(answer.headers?.location ?? own)
          location.searchParams.set('iss', own)
          return { ...answer, headers: { location: location.href } }
        },
      }
    })
    const { value } = await signIn(issuer.origin, { client: { id: 'by-hand' } })
    expect(value?.accessToken).toBe('honest-access')
  })

  it.each<[string, Partial<OAuthClientOptions>, string]>([
    ['a rule names the other origin', { client: { id: 'by-hand' } }, ''],
    ['its client registers itself', {}, ''],
    [
      'its client registered itself in an earlier version, and does so anew',
      {},
      'http://127.0.0.1:40000/callback',
    ],
  ])('may have its pages at another origin when %s', async (_, options, keptRedirectUri) => {
    // As at two well-known vendors: pages here, tokens and registration there, and metadata that says so or none.
    const issuer = await standIns.start((own) => {
      const { [wellKnown]: __, ...routes } = honestRoutes(own)
      return {
        ...routes,
        [wellKnown]: () => ({
          body: { ...metadataOf(own), authorization_endpoint: `${pages.origin}/authorize` },
        }),
      }
    })
    const pages = await standIns.start(() => ({
      '/authorize': ({ path }) => ({ status: 302, headers: { location: `${issuer.origin}${path}` } }),
      [wellKnown]: { body: metadataOf(issuer.origin) },
    }))
    const rulesOf = () => ({ authorizationOrigins: options.client ? [pages.origin] : [] })
    const store = createMemoryTokenStore()
    if (keptRedirectUri) {
      await store.registrations.update({ issuer: issuer.origin }, async () => ({
        issuer: issuer.origin,
        clientId: 'by-hand',
        origin: 'dynamic',
        grantTypes: ['authorization_code', 'refresh_token'],
        redirectUri: keptRedirectUri,
      }))
    }
    const { value, description } = await signIn(issuer.origin, { ...options, store, rulesOf })
    expect(description).toBeUndefined()
    expect(value?.accessToken).toBe('honest-access')
  })
})

describe('an evil authorization server', () => {
  it.each<[string, Evil, Partial<OAuthClientOptions>]>([
    [
      'borrows the honest pages, for a client registered by hand',
      { metadata: borrowed },
      { client: { id: 'by-hand' } },
    ],
    [
      'borrows the honest pages, and hands out a client that it registered there',
      { metadata: borrowed, register: registerAtHonest },
      {},
    ],
    [
      'borrows the honest pages and the honest registration',
      {
        metadata: (honest) => ({ ...borrowed(honest), registration_endpoint: `${honest}/register` }),
      },
      {},
    ],
    [
      'borrows the honest registration, and leads its own pages there',
      {
        metadata: (honest) => ({ registration_endpoint: `${honest}/register` }),
        lead: (request, honest) => new URL(`${honest}/authorize?${request}`),
      },
      {},
    ],
    [
      'borrows the honest pages with another spelling of them',
      {
        metadata: (honest) => ({ authorization_endpoint: `${honest}/authorize?from=evil` }),
        register: registerAtHonest,
      },
      {},
    ],
    [
      'promises an iss that the honest server does not send',
      {
        metadata: (honest) => ({
          ...borrowed(honest),
          authorization_response_iss_parameter_supported: true,
        }),
        register: registerAtHonest,
      },
      {},
    ],
    [
      'leads its own pages to the honest ones, for the client that the honest server knows',
      {
        lead(request, honest) {
          request.set('client_id', 'by-hand')
          request.set('redirect_uri', (request.get('redirect_uri') ?? '').replace(/callback.*/, 'callback'))
          return new URL(`${honest}/authorize?${request}`)
        },
      },
      {},
    ],
    [
      'has the honest pages and gives the known client’s id as its registration',
      {
        register: async () => 'by-hand',
        lead: (request, honest) => new URL(`${honest}/authorize?${request}`),
      },
      {},
    ],
  ])('gets neither code nor verifier when it %s (mix-up, RFC 9700 §4.4)', async (_, spite, options) => {
    const { evil } = await startBoth(spite)
    const { value, error } = await signIn(evil.origin, options)
    expect(stolen(evil)).toEqual([])
    expect(JSON.stringify(evil.requests)).not.toContain('honest-code')
    expect(value).toBeUndefined()
    expect(error).toBeDefined()
  })

  it('gets nothing of a client that an earlier version registered with the common redirect URI', async () => {
    const { evil } = await startBoth({ metadata: borrowed })
    const store = createMemoryTokenStore()
    await store.registrations.update({ issuer: evil.origin }, async () => ({
      issuer: evil.origin,
      clientId: 'by-hand',
      origin: 'dynamic',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUri: 'http://127.0.0.1:40000/callback',
    }))
    const { description, visited } = await signIn(evil.origin, { store })
    expect(description).toMatchObject({ message: expect.stringContaining('RFC 9207') })
    expect([...visited, ...stolen(evil)]).toEqual([])
  })

  it('gets nothing while the server whose pages it borrows cannot say whose they are', async () => {
    const honest = await standIns.start((origin) => ({
      ...honestRoutes(origin),
      [wellKnown]: { status: 503 },
    }))
    const spite = { metadata: borrowed, register: registerAtHonest }
    const evil = await standIns.start((origin) => evilRoutes(origin, honest.origin, spite))
    const { description, visited } = await signIn(evil.origin)
    expect(description).toMatchObject({ message: expect.stringContaining('RFC 9207') })
    expect([...visited, ...stolen(evil)]).toEqual([])
  })

  it('with borrowed pages is refused before the browser opens and before the client registers', async () => {
    const { honest, evil } = await startBoth({ metadata: borrowed, register: registerAtHonest })
    const { description, visited } = await signIn(evil.origin)
    expect(description).toMatchObject({
      status: exitStatus.signIn,
      message: expect.stringContaining('another server'),
      hint: expect.stringContaining(`AUTHORIZATION_ORIGINS=${evil.origin}=${honest.origin}`),
    })
    expect(visited).toEqual([])
    expect(evil.to('/register')).toEqual([])
    expect(honest.to('/authorize')).toEqual([])
  })

  it.each<[string, string, string]>([
    ['a neighbour', '/tenants/honest', '/tenants/evil'],
    ['a path that begins alike', '/honest', '/ho'],
    ['the server above it', '', '/evil'],
  ])('that is a tenant of the same origin gets nothing of %s', async (_, honestPath, evilPath) => {
    for (const options of [{}, { client: { id: 'by-hand' } }]) {
      const server = await standIns.start((origin) => ({
        ...honestRoutes(origin, honestPath),
        ...evilRoutes(
          origin,
          origin + honestPath,
          { metadata: borrowed, register: registerAtHonest },
          evilPath,
        ),
      }))
      const { description } = await signIn(`${server.origin}${evilPath}`, options)
      expect(stolen(server, `${evilPath}/token`)).toEqual([])
      expect(description).toMatchObject({ message: expect.stringContaining('RFC 9207') })
    }
  })

  it.each(['/evil/..;/honest/authorize', '/evil/..%2fhonest/authorize', '/evil/%2e%2e/honest/authorize'])(
    'does not hide the pages of a neighbour as %s',
    async (path) => {
      const server = await standIns.start((origin) => ({
        ...evilRoutes(origin, '', { metadata: () => ({ authorization_endpoint: origin + path }) }, '/evil'),
      }))
      const { visited, error } = await signIn(`${server.origin}/evil`, { client: { id: 'by-hand' } })
      expect(error).toBeDefined()
      expect(visited).toEqual([])
    },
  )

  it('gets no device code of another server', async () => {
    const device = { device_code: 'honest-device', user_code: 'AB', expires_in: 60, interval: 0 }
    const honest = await standIns.start((origin) => ({
      '/device': { body: { ...device, verification_uri: `${origin}/enter` } },
    }))
    const evil = await standIns.start((origin) =>
      evilRoutes(origin, '', {
        metadata: () => ({ device_authorization_endpoint: `${honest.origin}/device` }),
      }),
    )
    const { error } = await signIn(evil.origin, { grant: deviceCode({ show: () => {} }) })
    expect(describeError(error).message).toContain('another server')
    expect([...stolen(evil), ...honest.requests]).toEqual([])
  })

  it('gets no refresh token of another server by changing its metadata, or by revoking', async () => {
    const honest = await standIns.start((origin) => honestRoutes(origin))
    let borrows = true
    const evil = await standIns.start((origin) => ({
      ...evilRoutes(origin, honest.origin, {}),
      [wellKnown]: () => ({
        body: {
          ...metadataOf(origin),
          revocation_endpoint: `${origin}/revoke`,
          ...(borrows && { token_endpoint: `${honest.origin}/token` }),
        },
      }),
      '/revoke': {},
    }))
    const mcp = await startMaliciousMcpServer(standIns, { issuers: () => [evil.origin] })
    const grant: Grant = {
      interactive: false,
      grantTypes: ['authorization_code', 'refresh_token'],
      async obtain({ connect }) {
        await connect('http://127.0.0.1/callback')
        return { access_token: 'honest-access', refresh_token: 'honest-refresh', token_type: 'bearer' }
      },
    }
    const client = createOAuthClient({ resource: mcp.resource, store: createMemoryTokenStore(), grant })
    await client.authorization.signIn()
    borrows = false
    expect(await client.authorization.refresh()).toBeUndefined()
    await client.authorization.signIn()
    borrows = true
    await client.authorization.signIn()
    expect(await client.signOut()).toBe('forgotten')
    expect(JSON.stringify(evil.requests.map(({ body }) => body))).not.toContain('honest-refresh')
  })
})

describe('a client that is known by its metadata document', () => {
  it('uses the redirect URI of the issuer that its document lists, else the common one', async () => {
    const honest = await standIns.start((origin) => {
      const routes = honestRoutes(origin)
      const body = { ...metadataOf(origin), client_id_metadata_document_supported: true }
      const seen = ({ path }: StandInRequest) => {
        const request = new URL(path, origin).searchParams
        const callback = new URL(request.get('redirect_uri') ?? '')
        callback.search = `code=c&state=${request.get('state')}`
        return { status: 302, headers: { location: callback.href } }
      }
      return { ...routes, [wellKnown]: { body }, '/authorize': seen }
    })
    const own = createHash('sha256').update(honest.origin).digest('base64url').slice(0, 22)
    const cameBackTo = async (redirect_uris: readonly string[]) => {
      const document = await standIns.start(() => ({ '/client.json': { body: { redirect_uris } } }))
      const clientMetadataUrl = `${document.origin}/client.json`
      const { visited } = await signIn(honest.origin, { clientMetadataUrl })
      return portless(visited[0]?.searchParams.get('redirect_uri') ?? '')
    }
    const common = 'http://127.0.0.1/callback'
    expect(await cameBackTo([common, `${common}/${own}`])).toBe(`${common}/${own}`)
    expect(await cameBackTo([common])).toBe(common)
  })
})
