import { afterEach, describe, expect, it } from '@jest/globals'
import { describeError } from '../../client/describe-error.ts'
import { exitStatus } from '../../client/failure.ts'
import { authorizationCode } from '../../client/grants/authorization-code.ts'
import { deviceCode } from '../../client/grants/device-code.ts'
import { createOAuthClient, type OAuthClientOptions } from '../../client/oauth-client.ts'
import { renderTools } from '../../client/render.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import { printable } from '../../runtime/printable.ts'
import {
  type AuthorizationServerSpite,
  startMaliciousAuthorizationServer,
} from '../support/malicious-authorization-server.ts'
import { type McpServerSpite, startMaliciousMcpServer } from '../support/malicious-mcp-server.ts'
import { createStandIns, type StandIn } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

/** A person whose browser does what the authorization server says. */
function createVictim(resource: string, options: Partial<OAuthClientOptions> = {}) {
  const visited: URL[] = []
  const client = createOAuthClient({
    resource,
    store: createMemoryTokenStore(),
    grant: authorizationCode({
      timeoutMs: 5_000,
      visit: async (url) => {
        visited.push(url)
        await (await fetch(url)).text()
      },
    }),
    ...options,
  })
  return { ...client, visited }
}

async function startPair({
  server = {},
  mcp = {},
  ...options
}: {
  server?: AuthorizationServerSpite
  mcp?: Partial<McpServerSpite>
} & Partial<OAuthClientOptions> = {}) {
  const authorizationServer = await startMaliciousAuthorizationServer(standIns, server)
  const mcpServer = await startMaliciousMcpServer(standIns, {
    issuers: () => [authorizationServer.origin],
    ...mcp,
  })
  const victim = createVictim(mcpServer.resource, options)
  const outcome = async () => {
    const error = await victim.connect().then(
      (session) => session.close(),
      (reason: unknown) => reason,
    )
    return error === undefined ? undefined : describeError(error)
  }
  return { authorizationServer, mcpServer, victim, outcome }
}

/** Everything that a server was told, in one text. */
const told = ({ requests }: StandIn) =>
  JSON.stringify(requests.map((request) => ({ ...request, fields: [...request.fields] })))

it('an honest pair of servers: the victim signs in and is served', async () => {
  const { authorizationServer, outcome } = await startPair()
  expect(await outcome()).toBeUndefined()
  expect(authorizationServer.to('/token')).toHaveLength(1)
})

describe('a malicious authorization server', () => {
  it.each([
    'javascript:alert(1)',
    'file:///etc/passwd',
    '$(id)',
    '&calc',
    '--version',
    'http://evil.example/authorize',
  ])('opens no browser at %s (attack 39)', async (endpoint) => {
    const { victim, authorizationServer, outcome } = await startPair({
      server: { metadata: () => ({ authorization_endpoint: endpoint }) },
    })
    expect(await outcome()).toMatchObject({ status: exitStatus.signIn })
    expect(victim.visited).toEqual([])
    expect(authorizationServer.to('/token')).toEqual([])
  })

  it.each([
    'token_endpoint',
    'registration_endpoint',
    'revocation_endpoint',
    'device_authorization_endpoint',
  ])('is told nothing at a plain http %s elsewhere (attack 40)', async (name) => {
    const { victim, outcome } = await startPair({
      server: { metadata: () => ({ [name]: 'http://evil.example/x' }) },
    })
    expect(await outcome()).toMatchObject({
      message: expect.stringMatching(/neither https nor on this machine/),
    })
    expect(victim.visited).toEqual([])
  })

  it('is told nothing when it says to be another (attack 40)', async () => {
    const { authorizationServer, victim, outcome } = await startPair({
      server: { metadata: () => ({ issuer: 'https://honest.example' }) },
    })
    expect(await outcome()).toMatchObject({ message: expect.stringMatching(/metadata of another issuer/) })
    expect(victim.visited).toEqual([])
    expect(authorizationServer.requests.every(({ path }) => path.startsWith('/.well-known/'))).toBe(true)
  })

  it.each([[undefined], [['plain']]])('with PKCE methods %p is refused (attack 41)', async (methods) => {
    const { authorizationServer, victim, outcome } = await startPair({
      server: { metadata: () => ({ code_challenge_methods_supported: methods }) },
    })
    expect(await outcome()).toMatchObject({ message: expect.stringMatching(/PKCE with S256/) })
    expect(victim.visited).toEqual([])
    expect(authorizationServer.to('/register')).toEqual([])
  })

  it.each<[string, (parameters: URLSearchParams) => void]>([
    ['another iss', (parameters) => parameters.set('iss', 'https://honest.example')],
    ['a normalised iss', (parameters) => parameters.set('iss', `${parameters.get('iss')}/`)],
    ['no iss', (parameters) => parameters.delete('iss')],
  ])(
    'gets no code redeemed that came with %s, and no word of its own is shown (attack 42)',
    async (_, spoil) => {
      const { authorizationServer, outcome } = await startPair({
        server: {
          spoilCallback(parameters) {
            spoil(parameters)
            parameters.set('error_description', 'Call 0800 EVIL')
          },
        },
      })
      const description = await outcome()
      expect(description).toMatchObject({ status: exitStatus.signIn })
      expect(JSON.stringify(description)).not.toMatch(/evil|honest/i)
      expect(authorizationServer.to('/token')).toEqual([])
    },
  )

  it('with an endless answer fills no memory', async () => {
    const { outcome } = await startPair({
      server: { token: () => ({ body: { access_token: 'x'.repeat(2_000_000), token_type: 'bearer' } }) },
    })
    expect(await outcome()).toMatchObject({ message: expect.stringMatching(/too long/) })
  })

  it.each(['https://0.0.0.0/device', 'https://[::ffff:1.1.1.1]/device', 'http://10.0.0.1/device'])(
    'has no user sent to %s by the device flow',
    async (uri) => {
      const shown: unknown[] = []
      const body = { device_code: 'code', user_code: 'USER', verification_uri: uri, expires_in: 60 }
      const { authorizationServer, outcome } = await startPair({
        server: { more: { '/device': { body } } },
        grant: deviceCode({ show: (instructions) => void shown.push(instructions) }),
      })
      expect(await outcome()).toMatchObject({ status: exitStatus.signIn })
      expect(shown).toEqual([])
      expect(authorizationServer.to('/token')).toEqual([])
    },
  )

  it('that forgets the registration gets a new one, once', async () => {
    let registrations = 0
    const { authorizationServer, outcome } = await startPair({
      server: {
        register: () => ({
          status: 201,
          body: { client_id: `client-${++registrations}`, token_endpoint_auth_method: 'none' },
        }),
        token: ({ fields }) =>
          fields.get('client_id') === 'client-2'
            ? { body: { access_token: 'access', token_type: 'bearer' } }
            : { status: 401, body: { error: 'invalid_client' } },
      },
    })
    expect(await outcome()).toBeUndefined()
    expect(authorizationServer.to('/register')).toHaveLength(2)
  })

  it('that shows the person an error page instead of coming back gets a new registration the next time', async () => {
    const { authorizationServer, victim } = await startPair({
      grant: authorizationCode({ timeoutMs: 50, visit: async () => {} }),
    })
    for (const attempt of [victim.connect(), victim.connect()])
      await expect(attempt).rejects.toThrow(/Nobody signed in/)
    await expect(victim.connect()).rejects.toThrow(/Nobody signed in/)
    expect(authorizationServer.to('/register')).toHaveLength(2)
  })

  it('that wants requests pushed gets them pushed (RFC 9126)', async () => {
    const { authorizationServer, victim } = await startPair({
      server: {
        metadata: (origin) => ({
          require_pushed_authorization_requests: true,
          pushed_authorization_request_endpoint: `${origin}/par`,
        }),
        more: { '/par': { status: 201, body: { request_uri: 'urn:pushed', expires_in: 60 } } },
      },
      grant: authorizationCode({ timeoutMs: 50, visit: async (url) => void victimVisits.push(url.href) }),
    })
    const victimVisits: string[] = []
    await expect(victim.connect()).rejects.toThrow(/Nobody signed in/)
    expect(authorizationServer.to('/par')[0]?.fields.get('code_challenge_method')).toBe('S256')
    expect(victimVisits).toEqual([expect.stringMatching(/\?request_uri=urn%3Apushed&client_id=[^&]+$/)])
  })

  it('that refuses every registration is asked for no third', async () => {
    const { authorizationServer, outcome } = await startPair({
      server: {
        token: () => ({
          status: 401,
          headers: { 'www-authenticate': 'Basic' },
          body: { error: 'invalid_client' },
        }),
      },
    })
    expect(await outcome()).toMatchObject({ status: exitStatus.signIn })
    expect(authorizationServer.to('/register')).toHaveLength(2)
  })
})

describe('a malicious MCP server', () => {
  it('that says to be another resource gets nobody signed in (attack 40)', async () => {
    const { authorizationServer, victim, outcome } = await startPair({
      mcp: { metadata: () => ({ resource: 'https://bank.example/mcp' }) },
    })
    expect(await outcome()).toMatchObject({ message: expect.stringMatching(/describes another resource/) })
    expect(victim.visited).toEqual([])
    expect(authorizationServer.requests).toEqual([])
  })

  it.each<[string, Partial<OAuthClientOptions>]>([
    ['a dynamic registration', {}],
    ['a registration by hand', { client: { id: 'by-hand', secret: 'secret-by-hand' } }],
  ])(
    'that moves to another authorization server gets it nothing of the old: %s (attack 43)',
    async (_, options) => {
      const [old, evil] = [
        await startMaliciousAuthorizationServer(standIns),
        await startMaliciousAuthorizationServer(standIns),
      ]
      let moved = false
      const mcp = await startMaliciousMcpServer(standIns, {
        issuers: () => [moved ? evil.origin : old.origin],
        answer: ({ headers }) =>
          moved && headers.authorization?.includes(old.origin)
            ? { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }
            : undefined,
      })
      const victim = createVictim(mcp.resource, options)
      const session = await victim.connect()
      moved = true
      await session.listTools()
      await session.close()
      expect(victim.visited.map(({ origin }) => origin)).toEqual([old.origin, evil.origin])
      expect(told(evil)).not.toContain(old.origin)
      expect(told(evil)).not.toContain('by-hand')
      expect(evil.to('/register')).toHaveLength(1)
    },
  )

  it('that names a second authorization server gets no secret that was registered at the first (attack 43)', async () => {
    const [honest, evil] = [
      await startMaliciousAuthorizationServer(standIns),
      await startMaliciousAuthorizationServer(standIns),
    ]
    const mcp = await startMaliciousMcpServer(standIns, { issuers: () => [evil.origin] })
    const client = { id: 'by-hand', secret: 'secret-by-hand', issuer: honest.origin }
    await (await createVictim(mcp.resource, { client }).connect()).close()
    expect(told(evil)).not.toContain('by-hand')
  })

  it('that always wants one more scope sends its user to sign in three times in all (attack 45)', async () => {
    let calls = 0
    const { authorizationServer, victim } = await startPair({
      mcp: {
        challenge: 'scope="scope-0"',
        answer: (_, { method }) =>
          method === 'tools/call'
            ? {
                status: 403,
                headers: {
                  'www-authenticate': `Bearer error="insufficient_scope", scope="scope-${++calls}"`,
                },
              }
            : undefined,
      },
    })
    const session = await victim.connect()
    const call = session.callTool({ name: 'a_tool', arguments: {} })
    await expect(call).rejects.toMatchObject({ requiredScope: 'scope-3' })
    await session.close()
    const asked = authorizationServer.to('/token').length
    expect([asked, calls]).toEqual([3, 3])
    expect(victim.visited.at(-1)?.searchParams.get('scope')).toBe('scope-0 scope-1 scope-2 offline_access')
  })

  it('that revokes a token under five calls makes the client refresh once (herd)', async () => {
    let revoked = ''
    const { authorizationServer, victim } = await startPair({
      mcp: {
        answer: ({ headers }) =>
          headers.authorization?.includes(revoked || 'none')
            ? { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }
            : undefined,
      },
    })
    const session = await victim.connect()
    revoked = 'access-1-'
    const calls = Array.from({ length: 5 }, () => session.callTool({ name: 'a_tool', arguments: {} }))
    expect((await Promise.all(calls)).map(({ isError }) => isError ?? false)).toEqual(Array(5).fill(false))
    await session.close()
    const grants = authorizationServer.to('/token').map(({ fields }) => fields.get('grant_type'))
    expect(grants).toEqual(['authorization_code', 'refresh_token'])
  })

  it('writes no escape sequence to the terminal (attack 46)', async () => {
    const { victim } = await startPair({
      mcp: { tool: { name: 'a\u001b[2Jtool', title: '\u001b]0;owned\u0007\u202egnp.exe' } },
    })
    const session = await victim.connect()
    const { tools } = await session.listTools()
    await session.close()
    const text = renderTools(tools, [])
    expect(printable(text)).toBe(text)
    expect(text).toMatch(/atool.*gnp\.exe/)
  })

  it('that redirects gets no token to another origin', async () => {
    const thief = await standIns.start(() => ({}))
    const { outcome } = await startPair({
      mcp: { answer: () => ({ status: 307, headers: { location: `${thief.origin}/mcp` } }) },
    })
    expect(await outcome()).toMatchObject({ status: exitStatus.failed })
    expect(thief.requests).toEqual([])
  })
})
