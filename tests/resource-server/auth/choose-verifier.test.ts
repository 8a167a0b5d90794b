import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { generateKeyPair } from 'jose'
import { chooseVerifier, type VerifierOptions } from '../../../resource-server/auth/choose-verifier.ts'
import { AuthorityUnavailable } from '../../../resource-server/auth/verdict.ts'
import { openServer } from '../../support/http-server.ts'
import { type IssuerStandIn, startIssuer } from '../../support/issuer-stand-in.ts'

const resource = 'https://mcp.example/mcp'
const client = { id: 'mcp-server', secret: 'mcp-server-development-secret' }
let issuer: IssuerStandIn
beforeEach(async () => {
  issuer = await startIssuer()
})
afterEach(() => issuer.stop())

const choose = (options: Partial<VerifierOptions> = {}) =>
  chooseVerifier({
    issuer: issuer.issuer,
    resource,
    acceptedAudiences: [resource],
    mode: 'auto',
    client,
    ...options,
  })

/** The choice and its reason. */
const choiceOf = async (options: Partial<VerifierOptions> = {}) => choose(options).choice()

describe('auto', () => {
  it('introspects where the issuer offers it and this server has a secret', async () => {
    const chosen = choose()
    expect(await chosen.choice()).toEqual({
      mode: 'introspection',
      reason: expect.stringContaining('revoked'),
    })
    expect((await chosen.verify(issuer.issue(resource))).authInfo?.clientId).toBe('test-client')
    expect(issuer.use.introspection.requests).toBe(1)
  })

  it('introspects where this server has a key', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    expect((await choiceOf({ client: { id: 'mcp-server', privateKey: { key: privateKey } } })).mode).toBe(
      'introspection',
    )
  })

  it('verifies JWTs where this server has no credentials, and says what that costs', async () => {
    for (const { client: own, ...rest } of [{ client: { id: 'mcp-server' } }, { client: undefined }]) {
      const chosen = chooseVerifier({
        issuer: issuer.issuer,
        resource,
        acceptedAudiences: [resource],
        mode: 'auto',
        ...(own && { client: own }),
        ...rest,
      })
      const { mode, reason } = await chosen.choice()
      expect(mode).toBe('jwt')
      expect(reason).toContain('no credentials')
      expect(reason).toContain('revoked')
      expect((await chosen.verify(await issuer.sign({ aud: resource }))).authInfo?.clientId).toBe(
        'test-client',
      )
    }
    expect(issuer.use.introspection.requests).toBe(0)
  })

  it('verifies JWTs where the issuer offers no introspection', async () => {
    issuer.metadata.introspection_endpoint = undefined
    const { mode, reason } = await choiceOf()
    expect(mode).toBe('jwt')
    expect(reason).toContain('no introspection')
  })

  it('introspects at the configured endpoint without asking for metadata', async () => {
    issuer.fail('internal_error', ['metadata'])
    const chosen = choose({ introspectionEndpoint: `${issuer.issuer}/introspect` })
    expect((await chosen.choice()).mode).toBe('introspection')
    expect((await chosen.verify(issuer.issue(resource))).authInfo?.clientId).toBe('test-client')
    expect(issuer.use.metadata.requests).toBe(0)
  })

  it('knows no issuer by its name, not even Google', async () => {
    const google = { issuer: 'https://accounts.google.com' }
    const chosen = choose({ ...google, introspectionEndpoint: `${issuer.issuer}/introspect` })
    expect((await chosen.choice()).mode).toBe('introspection')
  })

  it('chooses nothing where the issuer offers neither', async () => {
    Object.assign(issuer.metadata, { introspection_endpoint: undefined, jwks_uri: undefined })
    const chosen = choose()
    await expect(chosen.choice()).rejects.toThrow(AuthorityUnavailable)
    await expect(chosen.verify('token')).rejects.toThrow('neither')
  })

  it('chooses when the issuer comes up later, and then once for all', async () => {
    await issuer.refuseConnections()
    const chosen = choose()
    await expect(chosen.verify('token')).rejects.toThrow(AuthorityUnavailable)
    await expect(chosen.choice()).rejects.toThrow(AuthorityUnavailable)
    await issuer.heal()
    const tokens = Array.from({ length: 20 }, () => issuer.issue(resource))
    const verdicts = await Promise.all(tokens.map((token) => chosen.verify(token)))
    expect(verdicts.every(({ authInfo }) => authInfo)).toBe(true)
    expect((await chosen.choice()).mode).toBe('introspection')
    expect(issuer.use.metadata.requests).toBe(1)
  })
})

describe('a setting', () => {
  it('jwt verifies JWTs although introspection is there', async () => {
    const chosen = choose({ mode: 'jwt' })
    expect(await chosen.choice()).toEqual({
      mode: 'jwt',
      reason: 'as configured: a revoked token is accepted until it expires',
    })
    expect((await chosen.verify(await issuer.sign({ aud: resource }))).authInfo).toBeDefined()
    expect((await chosen.verify(issuer.issue(resource))).refusal?.reason).toBe('signature')
    expect(issuer.use.introspection.requests).toBe(0)
  })

  it('introspection introspects although the token is a JWT', async () => {
    const chosen = choose({ mode: 'introspection' })
    expect((await chosen.choice()).mode).toBe('introspection')
    expect((await chosen.verify(await issuer.sign({ aud: resource }))).refusal).toEqual({
      reason: 'inactive',
    })
    expect(issuer.use.jwks.requests).toBe(0)
  })

  it('tokeninfo asks about tokens where it was told', async () => {
    const google = await openServer((_, res) => {
      res.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_token"}')
    })
    const chosen = choose({ mode: 'tokeninfo', introspectionEndpoint: google.origin })
    expect((await chosen.verify('token')).refusal).toEqual({ reason: 'inactive' })
    await google.close()
  })

  it('is known without asking the issuer', async () => {
    await issuer.refuseConnections()
    expect((await choiceOf({ mode: 'jwt' })).mode).toBe('jwt')
    expect((await choiceOf({ mode: 'introspection' })).mode).toBe('introspection')
    expect((await choiceOf({ mode: 'tokeninfo' })).mode).toBe('tokeninfo')
  })
})
