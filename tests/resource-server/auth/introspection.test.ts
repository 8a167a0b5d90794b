import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals'
import {
  createIntrospectionVerifier,
  type IntrospectionOptions,
} from '../../../resource-server/auth/introspection.ts'
import { fetchIssuerMetadata } from '../../../resource-server/auth/issuer-metadata.ts'
import { AuthorityUnavailable } from '../../../resource-server/auth/verdict.ts'
import { openServer } from '../../support/http-server.ts'
import { startIssuer } from '../../support/issuer-stand-in.ts'

const resource = 'https://mcp.example/mcp'
const issuer = await startIssuer()
const development = { id: 'mcp-server', secret: 'mcp-server-development-secret' }
afterEach(() => issuer.heal())
afterAll(() => issuer.stop())

function createVerifier(options: Partial<IntrospectionOptions> = {}) {
  return createIntrospectionVerifier({
    issuer: issuer.issuer,
    resource,
    acceptedAudiences: [resource],
    metadata: () => fetchIssuerMetadata(issuer.issuer, 1500),
    client: development,
    ...options,
  })
}

const verifier = createVerifier()

/** What went wrong when the issuer was asked, with its message. */
async function outageOf(options: Partial<IntrospectionOptions> = {}): Promise<string> {
  const token = issuer.issue(resource)
  const outcome = await createVerifier(options)
    .verify(token)
    .catch((error) => error)
  expect(outcome).toBeInstanceOf(AuthorityUnavailable)
  expect(outcome.cause).toBeDefined()
  expect(`${outcome.message} ${outcome.stack}`).not.toContain(token)
  return outcome.message
}

describe('the answer', () => {
  it('active makes the caller', async () => {
    const { authInfo } = await verifier.verify(issuer.issue(resource, { scope: 'read write' }))
    expect(authInfo).toMatchObject({
      clientId: 'test-client',
      scopes: ['read', 'write'],
      extra: { issuer: issuer.issuer, subject: 'alice', username: 'alice' },
    })
  })

  it('inactive refuses, whatever else it says', async () => {
    expect(await verifier.verify('unknown')).toEqual({ refusal: { reason: 'inactive' } })
    const revoked = issuer.issue(resource, { active: false })
    expect(await verifier.verify(revoked)).toEqual({ refusal: { reason: 'inactive' } })
  })

  it.each([
    ['issuer', { iss: 'https://other.example' }],
    ['audience', { aud: 'https://other.example/mcp' }],
    ['audience', { aud: undefined }],
    ['no_expiry', { exp: undefined }],
    ['expired', { exp: Math.floor(Date.now() / 1000) - 1 }],
    ['confirmation', { token_type: 'DPoP' }],
  ])('active refuses with the reason %s when it says %j', async (reason, answer) => {
    const { refusal } = await verifier.verify(issuer.issue(resource, answer))
    expect(refusal?.reason).toBe(reason)
  })

  it('24: unsupported_token_type refuses, as inactive does', async () => {
    issuer.fail({ status: 400, json: { error: 'unsupported_token_type' } }, ['introspection'])
    expect(await verifier.verify('eyJ.jwt.shaped')).toEqual({ refusal: { reason: 'inactive' } })
  })

  it.each([
    ['another error', { status: 400, json: { error: 'invalid_request' } }],
    ['an active that is text', { status: 200, json: { active: 'true' } }],
    ['an active that is 1', { status: 200, json: { active: 1 } }],
    ['no active', { status: 200, json: {} }],
    ['an array', { status: 200, json: [] }],
    ['garbage', 'garbage'],
    ['500', 'internal_error'],
  ] as const)('%s says nothing about the token', async (_, fault) => {
    issuer.fail(fault, ['introspection'])
    await outageOf()
  })

  it('that does not come in time says nothing about the token', async () => {
    issuer.fail('hang', ['introspection'])
    await outageOf({ timeoutMs: 50 })
  })

  it('of an issuer that is not there says nothing about the token', async () => {
    await issuer.refuseConnections()
    await outageOf()
  })
})

describe('the question', () => {
  it('is form-encoded, with the token in the body and a hint', async () => {
    const token = issuer.issue(resource)
    await verifier.verify(token)
    expect(issuer.lastIntrospection?.contentType).toMatch(/^application\/x-www-form-urlencoded/)
    expect(Object.fromEntries(issuer.lastIntrospection?.form ?? [])).toEqual({
      token,
      token_type_hint: 'access_token',
    })
  })

  it.each([
    ['a colon', 'mcp:server', 'se:cret:'],
    ['plus and space', 'mcp+server one', 'a+b c'],
    ['percent', 'mcp%3Aserver', '100%'],
    ['ampersand and equals', 'a&b=c', 'x&y=z'],
    ['letters outside ASCII', 'mcp-sérvér', 'пароль-密码'],
    ['other punctuation', "a!'()*~", '-_.!~*\'()"<>'],
  ])('authenticates with %s in id and secret (RFC 6749 §2.3.1)', async (_, id, secret) => {
    const client = { id, secret }
    const other = await startIssuer({ client })
    const metadata = () => fetchIssuerMetadata(other.issuer, 1500)
    const own = createVerifier({ issuer: other.issuer, metadata, client })
    const verdict = await own.verify(other.issue(resource)).finally(() => other.stop())
    expect(verdict.authInfo?.clientId).toBe('test-client')
  })

  it.each([
    { id: 'mcp-server', secret: 'wrong-canary' },
    { id: 'other', secret: 'mcp-server-development-secret' },
  ])('with credentials that are refused says which to check: %j', async (client) => {
    const message = await outageOf({ client })
    expect(message).toContain(`credentials of ${client.id}`)
    expect(message).toContain('RESOURCE_CLIENT_ID')
    expect(message).not.toContain('canary')
  })

  it('goes to the configured endpoint without reading metadata', async () => {
    const metadata = () => Promise.reject(new Error('must not be asked'))
    const own = createVerifier({ metadata, endpoint: `${issuer.issuer}/introspect` })
    expect((await own.verify(issuer.issue(resource))).authInfo?.clientId).toBe('test-client')
  })

  it('goes to an endpoint of this machine over http, although the issuer is on https', async () => {
    const metadata = () => Promise.reject(new Error('must not be asked'))
    const own = createVerifier({
      issuer: 'https://issuer.example',
      metadata,
      endpoint: `${issuer.issuer}/introspect`,
    })
    const { authInfo } = await own.verify(issuer.issue(resource, { iss: undefined }))
    expect(authInfo?.extra).toMatchObject({ issuer: 'https://issuer.example' })
  })

  it('goes to no other machine over http', async () => {
    const own = createVerifier({
      issuer: 'https://issuer.example',
      endpoint: 'http://issuer.example/introspect',
    })
    const outage = await own.verify('any').catch((error) => error)
    expect(outage).toMatchObject({
      name: 'AuthorityUnavailable',
      cause: { code: 'OAUTH_HTTP_REQUEST_FORBIDDEN' },
    })
  })

  it('with credentials that are refused by a bare 401 says which to check', async () => {
    const bare = await openServer((_, response) => void response.writeHead(401).end())
    const message = await outageOf({ endpoint: `${bare.origin}/introspect` }).finally(bare.close)
    expect(message).toContain('credentials of mcp-server')
  })

  it('cannot be asked of an issuer that names no endpoint', async () => {
    issuer.metadata.introspection_endpoint = undefined
    await outageOf()
    delete issuer.metadata.introspection_endpoint
  })
})

it.each([
  ['http://localhost:1', 'http://id.example.com/introspect', undefined],
  ['http://localhost:1', undefined, 'http://id.example.com/introspect'],
  ['https://id.example.com', 'http://localhost:1/introspect', undefined],
])('at %s no secret and no token goes to %s in clear', async (own, introspection_endpoint, endpoint) => {
  const sent = jest.spyOn(globalThis, 'fetch')
  const outcome = createVerifier({
    issuer: own,
    metadata: async () => ({ issuer: own, ...(introspection_endpoint && { introspection_endpoint }) }),
    ...(endpoint && { endpoint }),
  }).verify('a-token')
  await expect(outcome).rejects.toThrow(AuthorityUnavailable)
  expect(sent).not.toHaveBeenCalled()
  sent.mockRestore()
})
