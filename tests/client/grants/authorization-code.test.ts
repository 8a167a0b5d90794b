import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createConfiguration } from '../../../client/client-authentication.ts'
import { describeError } from '../../../client/describe-error.ts'
import { discover } from '../../../client/discovery.ts'
import { exitStatus } from '../../../client/failure.ts'
import { authorizationCode } from '../../../client/grants/authorization-code.ts'
import type { IssuerRules } from '../../../client/issuer-rules.ts'
import { openLoopbackRedirect } from '../../../client/loopback-redirect.ts'
import { createSecureFetch } from '../../../client/secure-fetch.ts'
import {
  authorizationServerMetadata,
  createStandIns,
  protectedResourceMetadata,
} from '../../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

/** Signs in at a stand-in whose user comes back at once, with what `callback` makes of the proper answer. */
async function signIn({
  metadata = {},
  token = {},
  scopes = ['read'],
  callback = () => {},
  before = [],
  rules = {},
  registered,
}: {
  metadata?: Record<string, unknown>
  token?: Record<string, unknown>
  scopes?: readonly string[]
  callback?: (parameters: URLSearchParams) => void
  /** What else comes to the redirect URI first. */
  before?: readonly ((parameters: URLSearchParams) => void)[]
  rules?: IssuerRules
  registered?: string
} = {}) {
  const server = await standIns.start((origin) => ({
    '/.well-known/oauth-authorization-server': {
      body: { ...authorizationServerMetadata(origin), ...metadata },
    },
    '/.well-known/oauth-protected-resource/mcp': { body: protectedResourceMetadata(`${origin}/mcp`, origin) },
    '/token': { body: { access_token: 'access', token_type: 'bearer', ...token } },
  }))
  const resource = `${server.origin}/mcp`
  const secureFetch = createSecureFetch(resource)
  const discovery = await discover({ resource, fetch: secureFetch, rulesOf: () => rules })
  let asked = new URLSearchParams()
  const page = Promise.withResolvers<string>()
  const pages: number[] = []
  const grant = authorizationCode({
    timeoutMs: 5_000,
    visit: async (url) => {
      asked = url.searchParams
      const target = new URL(asked.get('redirect_uri') ?? '')
      target.searchParams.set('code', 'the-code')
      target.searchParams.set('state', asked.get('state') ?? '')
      target.searchParams.set('iss', server.origin)
      for (const change of before) {
        const other = new URL(target)
        change(other.searchParams)
        pages.push((await fetch(other)).status)
      }
      callback(target.searchParams)
      page.resolve((await fetch(target)).text())
    },
  })
  const configuration = createConfiguration(discovery.server, { clientId: 'test-client' }, secureFetch)
  const tokens = grant.obtain({
    discovery,
    scopes,
    fetch: secureFetch,
    redirectUri: registered,
    connect: async () => ({ configuration, options: {} }),
  })
  const outcome = await tokens.then(
    (value) => ({ tokens: value, error: undefined }),
    (error: unknown) => ({ tokens: undefined, error }),
  )
  return {
    server,
    resource,
    asked,
    pages,
    page: outcome.error === undefined || [...asked].length > 0 ? await page.promise : '',
    tokenRequests: server.to('/token'),
    ...outcome,
  }
}

describe('authorizationCode', () => {
  it('asks for a code with PKCE S256, state, the resource and a loopback redirect', async () => {
    const { asked, resource } = await signIn()
    expect(Object.fromEntries(asked)).toMatchObject({
      response_type: 'code',
      client_id: 'test-client',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
      resource,
    })
  })

  it('redeems the code with the verifier, the same redirect and the same resource', async () => {
    const { asked, resource, tokenRequests } = await signIn()
    const fields = tokenRequests[0]?.fields ?? new URLSearchParams()
    expect(Object.fromEntries(fields)).toMatchObject({
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: asked.get('redirect_uri'),
      resource,
    })
    const challenge = createHash('sha256')
      .update(fields.get('code_verifier') ?? '')
      .digest('base64url')
    expect(challenge).toBe(asked.get('code_challenge'))
    expect(tokenRequests).toHaveLength(1)
  })

  it('returns the answer of the token endpoint', async () => {
    const token = { refresh_token: 'refresh', expires_in: 60, scope: 'read extra' }
    expect((await signIn({ token })).tokens).toMatchObject({ access_token: 'access', ...token })
  })

  it.each([[undefined], [['plain']], [[]]])(
    'sends nobody to a server that offers the PKCE methods %p (attack 41)',
    async (methods) => {
      const { error, asked } = await signIn({ metadata: { code_challenge_methods_supported: methods } })
      expect(describeError(error).message).toMatch(/does not offer PKCE with S256/)
      expect([...asked]).toEqual([])
    },
  )

  it.each([[undefined], [null], [7], [['https://id.example/authorize']], [{}]])(
    'needs an authorization endpoint: %j is none',
    async (authorization_endpoint) => {
      for (const promised of [true, false]) {
        const { error, asked } = await signIn({
          metadata: { authorization_endpoint, authorization_response_iss_parameter_supported: promised },
        })
        expect(describeError(error).message).toMatch(/has no authorization endpoint/)
        expect([...asked]).toEqual([])
      }
    },
  )

  it.each([
    ['offers it', {}, 'read offline_access', 'consent'],
    ['does not', { scopes_supported: ['read'] }, 'read', null],
    ['says nothing', { scopes_supported: undefined }, 'read', null],
    ['knows no consent prompt', { prompt_values_supported: ['login'] }, 'read offline_access', null],
  ])('asks for offline_access where the server %s', async (_, metadata, scope, prompt) => {
    const { asked } = await signIn({ metadata })
    expect([asked.get('scope'), asked.get('prompt')]).toEqual([scope, prompt])
  })

  it('asks for no consent where the rules for the server want another prompt', async () => {
    const { asked } = await signIn({ rules: { authorizationParameters: { prompt: 'select_account' } } })
    expect(asked.getAll('prompt')).toEqual(['select_account'])
  })

  it('asks for no scope when there is none to ask for', async () => {
    const { asked } = await signIn({ scopes: [], metadata: { scopes_supported: [] } })
    expect(asked.has('scope')).toBe(false)
  })

  it('comes back at the port that was registered, or where the server insists on', async () => {
    const free = await openLoopbackRedirect()
    await free.close()
    const cameBackTo = async (redirectUri: string) => {
      const { asked, error } = await signIn({ rules: { redirectUri }, registered: free.uri })
      expect(error).toBeUndefined()
      return asked.get('redirect_uri')
    }
    expect(await cameBackTo('http://127.0.0.1/callback')).toBe(free.uri)
    expect(await cameBackTo('http://localhost/callback')).toMatch(/^http:\/\/localhost:\d+\/callback$/)
  })

  it('sends nobody to sign in when the one port that the server takes is taken', async () => {
    const other = await openLoopbackRedirect()
    const { asked, error } = await signIn({ rules: { redirectUri: other.uri } })
    await other.close()
    expect(describeError(error).message).toMatch(/^Port \d+ is taken/)
    expect([...asked]).toEqual([])
  })

  it('follows the rules of a server that cannot follow those of MCP', async () => {
    const { asked, tokenRequests } = await signIn({
      metadata: { code_challenge_methods_supported: undefined },
      rules: {
        omitResource: true,
        authorizationParameters: { audience: 'mcp', client_id: 'ignored' },
        allowInsecureUnadvertisedPkce: true,
      },
    })
    expect(Object.fromEntries(asked)).toMatchObject({
      audience: 'mcp',
      client_id: 'test-client',
      code_challenge_method: 'S256',
    })
    expect([asked.has('resource'), tokenRequests[0]?.fields.has('resource')]).toEqual([false, false])
  })

  it.each<[string, (parameters: URLSearchParams) => void]>([
    ['another iss', (parameters) => parameters.set('iss', 'https://evil.example')],
    ['an iss with a slash added', (parameters) => parameters.set('iss', `${parameters.get('iss')}/`)],
    ['no iss', (parameters) => parameters.delete('iss')],
    ['an empty iss', (parameters) => parameters.set('iss', '')],
    ['two codes', (parameters) => parameters.append('code', 'another')],
  ])('sends the code nowhere after a callback with %s (attack 42)', async (_, callback) => {
    const { error, tokenRequests, page } = await signIn({ callback })
    expect(describeError(error)).toMatchObject({ status: exitStatus.signIn })
    expect(tokenRequests).toEqual([])
    expect(page).toContain('Signing in failed')
  })

  it('goes on waiting after callbacks that are not of this sign-in, whatever they say (attack 42)', async () => {
    const { tokens, pages, tokenRequests } = await signIn({
      before: [
        (parameters) => parameters.set('state', 'forged'),
        (parameters) => parameters.delete('state'),
        (parameters) => parameters.set('state', ''),
        (parameters) => parameters.append('state', 'another'),
        (parameters) => parameters.append('state', parameters.get('state') ?? ''),
        (parameters) => {
          parameters.set('state', 'forged')
          parameters.set('error', 'access_denied')
        },
      ],
    })
    expect(pages).toEqual(Array(6).fill(400))
    expect(tokens?.access_token).toBe('access')
    expect(tokenRequests).toHaveLength(1)
  })

  it('takes an empty iss for a wrong one, promised or not', async () => {
    const { error, tokenRequests } = await signIn({
      metadata: { authorization_response_iss_parameter_supported: false },
      callback: (parameters) => parameters.set('iss', ''),
    })
    expect(describeError(error).message).toContain('empty `iss`')
    expect(tokenRequests).toEqual([])
  })

  it('does not repeat the error text of a callback with a wrong iss (attack 42)', async () => {
    const { error } = await signIn({
      callback(parameters) {
        parameters.set('iss', 'https://evil.example')
        parameters.set('error', 'call_0800_evil')
        parameters.set('error_description', 'Call 0800 EVIL')
      },
    })
    expect(JSON.stringify(describeError(error))).not.toMatch(/evil/i)
  })

  it('reports the refusal of the server that was asked', async () => {
    const { error, tokenRequests } = await signIn({
      callback(parameters) {
        parameters.delete('code')
        parameters.set('error', 'access_denied')
      },
    })
    expect(describeError(error)).toMatchObject({
      message: expect.stringContaining('access_denied'),
      status: exitStatus.signIn,
    })
    expect(tokenRequests).toEqual([])
  })
})
