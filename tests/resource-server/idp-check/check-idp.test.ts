import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { loadConfig } from '../../../config/index.ts'
import { checkIdp, findServerProblems, type Report } from '../../../resource-server/idp-check/check-idp.ts'
import { checkEndpoints } from '../../../resource-server/idp-check/endpoints.ts'
import type { Described } from '../../../resource-server/idp-check/finding.ts'
import { loadIntrospectionClient } from '../../../resource-server/introspection-client.ts'
import { startIssuer } from '../../support/issuer-stand-in.ts'
import { createStandIns, type Routes } from '../../support/stand-in.ts'
import { startProvider } from '../../support/start-provider.ts'

const standIns = createStandIns()
const stopping: (() => Promise<void>)[] = []
afterEach(async () => {
  await standIns.stop()
  for (const stop of stopping.splice(0)) await stop()
})

type Env = Readonly<Record<string, string>>

async function check(issuer: string, env: Env = {}): Promise<Report> {
  const all = { ISSUER: issuer, IDP: 'generic', ...env }
  const config = loadConfig(all, 'idp-check')
  return await checkIdp({ config, env: all, client: await loadIntrospectionClient(config), timeoutMs: 1000 })
}

/** An authorization server with everything, except what `metadata` says otherwise. */
async function standIn(metadata: Record<string, unknown> = {}, routes: Routes = {}): Promise<string> {
  const { origin } = await standIns.start((issuer) => ({
    '/.well-known/oauth-authorization-server': {
      body: {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        introspection_endpoint: `${issuer}/introspect`,
        revocation_endpoint: `${issuer}/revoke`,
        registration_endpoint: `${issuer}/register`,
        jwks_uri: `${issuer}/jwks`,
        code_challenge_methods_supported: ['S256'],
        scopes_supported: ['read', 'write', 'admin', 'offline_access'],
        authorization_response_iss_parameter_supported: true,
        ...metadata,
      },
    },
    '/token': { status: 400, body: { error: 'invalid_grant' } },
    '/introspect': { body: { active: false } },
    '/register': { status: 401, body: { error: 'invalid_token' } },
    '/jwks': { body: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] } },
    ...routes,
  }))
  return origin
}

const of = (report: Report, about: string) => report.findings.find((finding) => finding.about === about)
const levels = ({ findings }: Report) =>
  Object.fromEntries(findings.map(({ about, level }) => [about, level]))
const ability = ({ abilities }: Report, wanted: string) =>
  abilities.find(({ name }) => name === wanted)?.works

describe('the check of this project’s provider', () => {
  it('finds everything that the programs need', async () => {
    const provider = await startProvider()
    stopping.push(provider.stop)
    const report = await check(provider.issuer, { IDP: 'auto' })
    expect(levels(report)).toEqual({
      documents: 'ok',
      issuer: 'ok',
      TLS: 'note',
      clock: 'ok',
      endpoints: 'ok',
      PKCE: 'ok',
      iss: 'ok',
      client: 'ok',
      programs: 'note',
      introspection: 'ok',
      keys: 'ok',
      scopes: 'ok',
      audience: 'note',
      refresh: 'ok',
      revocation: 'ok',
    })
    expect(of(report, 'documents')?.found).toBe(
      '/.well-known/oauth-authorization-server and /.well-known/openid-configuration',
    )
    expect(of(report, 'programs')?.found).toBe('by metadata document, dynamic registration open')
    expect([report.works, report.validation?.mode]).toEqual([true, 'introspection'])
    expect(report.abilities.map(({ name, works }) => [name, works])).toEqual([
      ['login', true],
      ['introspection', true],
      ['jwt', false],
      ['refresh', true],
      ['revocation', true],
      ['step-up', true],
    ])
  })

  it('says that registration is closed where it needs a token', async () => {
    const provider = await startProvider({ env: { REGISTRATION_TOKEN: 'a'.repeat(32) } })
    stopping.push(provider.stop)
    expect(of(await check(provider.issuer), 'programs')?.found).toContain('dynamic registration closed')
  })

  it('says that a secret is wrong, and what to do here', async () => {
    const provider = await startProvider()
    stopping.push(provider.stop)
    const report = await check(provider.issuer, { IDP: 'auto', RESOURCE_CLIENT_SECRET: 'wrong' })
    expect(of(report, 'introspection')).toEqual({
      about: 'introspection',
      level: 'missing',
      found: 'mcp-server is refused: wrong RESOURCE_CLIENT_ID or RESOURCE_CLIENT_SECRET',
      change: expect.stringContaining('npm run provider and npm run mcp with the same'),
    })
    expect([report.works, ability(report, 'introspection')]).toEqual([false, false])
    expect(JSON.stringify(report)).not.toContain('"wrong"')
  })

  it('says that a client is not known there', async () => {
    const provider = await startProvider()
    stopping.push(provider.stop)
    const report = await check(provider.issuer, { IDP: 'auto', CLIENT_ID: 'nobody' })
    expect(of(report, 'client')).toMatchObject({
      level: 'missing',
      found: 'nobody: not known there (invalid_client)',
      change: expect.stringContaining('CLIENT_ID'),
    })
    expect([report.works, ability(report, 'login')]).toEqual([false, false])
  })
})

describe('the check of an authorization server', () => {
  it('has nothing against one that offers everything', async () => {
    const report = await check(await standIn())
    expect([report.works, ability(report, 'login'), ability(report, 'jwt')]).toEqual([true, true, 'perhaps'])
  })

  it.each([
    ['authorization_endpoint', undefined, 'endpoints', /no authorization_endpoint/, /people can sign in/],
    ['token_endpoint', 'http://id.example.com/token', 'endpoints', /token_endpoint is http:/, /https/],
    ['response_types_supported', ['token'], 'endpoints', /without code/, /code flow/],
    [
      'code_challenge_methods_supported',
      undefined,
      'PKCE',
      /does not list S256/,
      /ALLOW_INSECURE_UNADVERTISED_PKCE/,
    ],
    ['code_challenge_methods_supported', ['plain'], 'PKCE', /only plain/, /allow S256/],
  ])('finds that with %s %j nobody can sign in', async (name, value, about, found, change) => {
    const report = await check(await standIn({ [name]: value }))
    expect(of(report, about)).toMatchObject({
      level: 'missing',
      found: expect.stringMatching(found),
      change: expect.stringMatching(change),
    })
    expect([report.works, ability(report, 'login')]).toEqual([false, false])
  })

  it('sends no secret to an endpoint that clients refuse', async () => {
    let asked = 0
    const token = () => {
      asked += 1
      return { status: 400, body: { error: 'invalid_grant' } }
    }
    const issuer = await standIn(
      {
        registration_endpoint: 'http://id.example.com/register',
        introspection_endpoint: 'http://id.example.com/introspect',
      },
      { '/token': token },
    )
    const sent = jest.spyOn(globalThis, 'fetch')
    const report = await check(issuer, { CLIENT_ID: 'web', CLIENT_SECRET: 'a secret' })
    expect([of(report, 'endpoints')?.level, asked]).toEqual(['missing', 0])
    expect(of(report, 'introspection')).toMatchObject({
      level: 'missing',
      found: expect.stringMatching(/"http:\/\/id.example.com\/introspect", which is no https address/),
    })
    expect(sent.mock.calls.filter(([url]) => String(url).startsWith('http://id.example.com'))).toEqual([])
    sent.mockRestore()
  })

  it.each([
    ['https://id.example.com', 'http://localhost:1/token', 'missing'],
    ['https://id.example.com', 'https://id.example.com/token', 'ok'],
    ['http://localhost:1', 'http://localhost:1/token', 'ok'],
  ])('at %s may have %s or not: %s', (issuer, token_endpoint, level) => {
    const config = loadConfig({ ISSUER: issuer }, 'idp-check')
    const metadata = { issuer, token_endpoint, authorization_endpoint: `${issuer}/authorize` }
    expect(checkEndpoints({ config, metadata } as unknown as Described).level).toBe(level)
  })

  it('takes PKCE for granted where the settings say so', async () => {
    const issuer = await standIn({ code_challenge_methods_supported: undefined })
    const report = await check(issuer, { ALLOW_INSECURE_UNADVERTISED_PKCE: 'yes' })
    expect(of(report, 'PKCE')?.level).toBe('ok')
  })

  it('says what the client will not sign in at: an authorization endpoint elsewhere, and no iss', async () => {
    const elsewhere = {
      authorization_response_iss_parameter_supported: undefined,
      authorization_endpoint: 'https://login.example/authorize',
    }
    const issuer = await standIn(elsewhere)
    const byHand = await check(issuer, { CLIENT_ID: 'web' })
    expect(of(byHand, 'iss')).toMatchObject({
      level: 'missing',
      change: expect.stringContaining(`AUTHORIZATION_ORIGINS=${issuer}=https://login.example `),
    })
    expect(ability(byHand, 'login')).toBe(false)
    expect(of(await check(issuer), 'iss')?.level).toBe('warning')
    const allowed = { CLIENT_ID: 'web', AUTHORIZATION_ORIGINS: `${issuer}=https://login.example` }
    expect(of(await check(issuer, allowed), 'iss')?.level).toBe('note')
  })

  it.each([
    ['authorization_response_iss_parameter_supported', undefined, 'iss', 'note'],
    ['scopes_supported', ['openid'], 'scopes', 'warning'],
    ['scopes_supported', undefined, 'scopes', 'warning'],
    ['revocation_endpoint', undefined, 'revocation', 'note'],
    ['grant_types_supported', ['authorization_code'], 'refresh', 'note'],
    ['introspection_endpoint', undefined, 'introspection', 'note'],
    ['jwks_uri', undefined, 'keys', 'note'],
  ])('can do with %s %j', async (name, value, about, level) => {
    const report = await check(await standIn({ [name]: value }))
    expect([of(report, about)?.level, report.works]).toEqual([level, true])
  })

  it('does not rule refresh tokens out where the grant is not listed: there are servers that give them', async () => {
    const report = await check(await standIn({ grant_types_supported: ['authorization_code'] }))
    expect(ability(report, 'refresh')).toBe('perhaps')
  })

  it('says that a scope is not known where the profile knows that all are listed', async () => {
    const issuer = await standIn({ scopes_supported: ['read'] })
    const report = await check(issuer, { IDP: 'keycloak', RESOURCE_CLIENT_ID: 'mcp-server' })
    expect(of(report, 'scopes')).toMatchObject({
      level: 'missing',
      found: 'write, admin: not known there',
      change: expect.stringMatching(/Client scopes > Create client scope: write, admin/),
    })
  })

  it('looks for the scopes in the issuer’s own words', async () => {
    const issuer = await standIn({ scopes_supported: ['mcp:read', 'mcp:write', 'mcp:admin'] })
    expect(of(await check(issuer, { SCOPE_TEMPLATE: 'mcp:{scope}' }), 'scopes')?.level).toBe('ok')
  })

  it('names the settings that a profile needs, with the place where each is found', async () => {
    const report = await check(await standIn(), { IDP: 'entra' })
    const settings = report.findings.filter(({ about }) => about === 'setting')
    expect(settings.map(({ found }) => found.split(' ')[0])).toEqual([
      'ACCEPTED_AUDIENCES',
      'SCOPE_TEMPLATE',
      'CLIENT_ID',
    ])
    expect(settings[0]?.change).toContain('App registrations')
    expect(report.works).toBe(false)
  })

  it('warns of introspection as a client that tokens are not for, where those are called inactive', async () => {
    const issuer = await standIn()
    const env = { IDP: 'keycloak', CLIENT_ID: 'test-client', RESOURCE_CLIENT_ID: 'mcp-server' }
    expect(of(await check(issuer, env), 'introspection')).toMatchObject({
      level: 'warning',
      change: expect.stringContaining('RESOURCE_CLIENT_ID=http://localhost:8000/mcp'),
    })
  })
})

describe('the documents', () => {
  const later = '/.well-known/openid-configuration'

  it.each([
    ['is not there', { status: 404 }, true, undefined],
    ['is a page', { headers: { 'content-type': 'text/html' }, body: '<html>' }, true, undefined],
    ['is of another issuer', { body: { issuer: 'https://other.example' } }, false, /names another issuer/],
    ['fails', { status: 503 }, false, /answers 503/],
    ['is broken', { body: '{' }, false, /cannot be read/],
  ])('are read on when the first %s, or not, as clients do', async (_, first, works, found) => {
    const { origin } = await standIns.start((issuer) => ({
      '/.well-known/oauth-authorization-server': first,
      [later]: {
        body: {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          code_challenge_methods_supported: ['S256'],
          jwks_uri: `${issuer}/jwks`,
        },
      },
      '/token': { status: 400, body: { error: 'invalid_grant' } },
      '/jwks': { body: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] } },
    }))
    const report = await check(origin, { TOKEN_VALIDATION: 'jwt' })
    expect(report.works).toBe(works)
    if (works) expect(of(report, 'documents')).toMatchObject({ level: 'ok', found: later })
    else
      expect(report.findings[0]).toMatchObject({
        level: 'missing',
        found: expect.stringMatching(found as RegExp),
      })
  })
})

describe('introspection', () => {
  it.each([
    ['calls a made-up token active', { body: { active: true } }, /made-up token is called active/],
    ['is not there', { status: 404 }, /no answer that can be used/],
    ['answers 401', { status: 401, body: { error: 'invalid_client' } }, /is refused/],
  ])('that %s is in the way', async (_, answer, found) => {
    const report = await check(await standIn({}, { '/introspect': answer }))
    expect(of(report, 'introspection')).toMatchObject({
      level: 'missing',
      found: expect.stringMatching(found),
    })
    expect(report.works).toBe(false)
  })

  it('that is asked for and cannot be done is in the way', async () => {
    const issuer = await standIn({ introspection_endpoint: undefined })
    const report = await check(issuer, { TOKEN_VALIDATION: 'introspection' })
    expect(of(report, 'introspection')).toMatchObject({
      level: 'missing',
      change: expect.stringContaining('INTROSPECTION_ENDPOINT'),
    })
  })

  it('that is asked for without credentials is in the way', async () => {
    const env = { RESOURCE: 'https://mcp.example.com/mcp', TOKEN_VALIDATION: 'introspection' }
    const report = await check(await standIn(), env)
    expect([of(report, 'introspection')?.level, report.validation]).toEqual(['missing', undefined])
  })

  it('needs credentials', async () => {
    const env = { RESOURCE: 'https://mcp.example.com/mcp' }
    const report = await check(await standIn(), env)
    expect(of(report, 'introspection')).toMatchObject({
      level: 'note',
      found: 'there are no credentials to introspect with',
      change: expect.stringContaining('RESOURCE_CLIENT_SECRET'),
    })
    expect(report.validation?.mode).toBe('jwt')
  })
})

describe('keys', () => {
  const jwt = { TOKEN_VALIDATION: 'jwt' }
  const rsa = (bits: number) => ({
    kty: 'RSA',
    e: 'AQAB',
    n: Buffer.alloc(bits / 8, 255).toString('base64url'),
  })

  it('are told with their algorithms', async () => {
    const issuer = await startIssuer({ algorithms: ['ES256', 'RS256'] })
    stopping.push(issuer.stop)
    expect(of(await check(issuer.issuer, jwt), 'keys')?.found).toBe('ES256, RS256 (2 usable)')
  })

  it.each([
    ['is none', { keys: [] }, /holds none/],
    ['encrypts', { keys: [{ ...rsa(2048), use: 'enc' }] }, /none of the 1/],
    ['is too short', { keys: [rsa(1024)] }, /none of the 1/],
    ['is symmetric', { keys: [{ kty: 'oct', k: 'AAAA', alg: 'HS256' }] }, /none of the 1/],
    ['is a page', '<html>', /cannot be used/],
  ])('where there %s are in the way of verification', async (_, body, found) => {
    const report = await check(await standIn({}, { '/jwks': { body } }), jwt)
    expect(of(report, 'keys')).toMatchObject({ level: 'missing', found: expect.stringMatching(found) })
    expect([report.works, ability(report, 'jwt')]).toEqual([false, false])
  })
})

describe('an address of the keys that', () => {
  it.each([['/jwks'], [''], [5], ['http://id.example.com/jwks'], ['ftp://localhost/jwks']])(
    'is %j is told, and keeps nothing from starting',
    async (jwks_uri) => {
      const ISSUER = await standIn({ jwks_uri })
      const env = { ISSUER, IDP: 'generic', TOKEN_VALIDATION: 'jwt' }
      const config = loadConfig(env, 'idp-check')
      const found = `jwks_uri is ${JSON.stringify(jwks_uri)}, which is no https address`
      expect(await findServerProblems({ config, env, client: config.resourceClient })).toEqual([
        expect.objectContaining({ about: 'keys', level: 'missing', found }),
      ])
    },
  )
})

describe('registration', () => {
  it.each([
    ['open', { status: 400, body: { error: 'invalid_redirect_uri' } }],
    ['closed', { status: 403, body: { error: 'insufficient_scope' } }],
    ['perhaps', { status: 500 }],
  ])('is %s', async (word, answer) => {
    const report = await check(await standIn({}, { '/register': answer }))
    expect(of(report, 'programs')?.found).toContain(`dynamic registration ${word}`)
  })

  it('that went through is taken back', async () => {
    let deleted: string | undefined
    const issuer = await standIn(
      {},
      {
        '/register': ({ headers }) => ({
          status: 201,
          body: {
            client_id: 'made',
            registration_client_uri: `http://${headers.host}/register/made`,
            registration_access_token: 'its-token',
          },
        }),
        '/register/made': ({ method, headers }) => {
          deleted = `${method} ${headers.authorization}`
          return { status: 204, body: '' }
        },
      },
    )
    const { findings } = await check(issuer)
    expect(deleted).toBe('DELETE Bearer its-token')
    expect(findings.filter(({ about }) => about === 'programs')).toHaveLength(1)
  })

  it.each([
    ['is refused', { status: 403 }, '/register/made'],
    ['is not answered', () => new Promise<never>(() => {}), '/register/made'],
    ['is not offered', { status: 204 }, undefined],
  ])('that went through is named when its deletion %s', async (_, answer, path) => {
    const issuer = await standIn(
      {},
      {
        '/register': ({ headers }) => ({
          status: 201,
          body: {
            client_id: 'made',
            registration_access_token: 'its-token',
            ...(path && { registration_client_uri: `http://${headers.host}${path}` }),
          },
        }),
        '/register/made': answer,
      },
    )
    const programs = (await check(issuer)).findings.filter(({ about }) => about === 'programs')
    expect(programs.map(({ level }) => level)).toEqual(['note', 'warning'])
    expect(programs[0]?.found).toContain('dynamic registration open')
    expect(programs[1]?.found).toContain('could not delete: made')
  })

  it('is taken back at the server that made it, and nowhere else', async () => {
    const elsewhere = await standIns.start(() => ({}))
    const made = { client_id: 'made', registration_access_token: 'its-token' }
    const body = { ...made, registration_client_uri: `${elsewhere.origin}/made` }
    await check(await standIn({}, { '/register': { status: 201, body } }))
    expect(elsewhere.requests).toEqual([])
  })

  it('is no need for a client that the server does not know, when it may register itself', async () => {
    const unknown = { status: 401, body: { error: 'invalid_client' } }
    const open = { status: 400, body: { error: 'invalid_redirect_uri' } }
    const report = await check(await standIn({}, { '/token': unknown, '/register': open }))
    expect([of(report, 'client')?.level, report.works]).toEqual(['note', true])
    expect((await check(await standIn({}, { '/token': unknown }))).works).toBe(false)
  })

  it('of a client is not known where the refusal does not tell', async () => {
    const report = await check(
      await standIn({}, { '/token': { status: 400, body: { error: 'unsupported_grant_type' } } }),
    )
    expect([of(report, 'client')?.level, ability(report, 'login')]).toEqual(['warning', 'perhaps'])
  })
})
