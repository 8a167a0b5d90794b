import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { fetchIssuerMetadata, once } from '../../../resource-server/auth/issuer-metadata.ts'
import { AuthorityUnavailable } from '../../../resource-server/auth/verdict.ts'
import { openServer } from '../../support/http-server.ts'
import { type IssuerStandIn, startIssuer } from '../../support/issuer-stand-in.ts'

let issuer: IssuerStandIn
beforeEach(async () => {
  issuer = await startIssuer()
})
afterEach(() => issuer.stop())

describe('fetchIssuerMetadata', () => {
  it('reads the RFC 8414 document', async () => {
    const metadata = await fetchIssuerMetadata(issuer.issuer, 1000)
    expect(metadata).toMatchObject({
      issuer: issuer.issuer,
      introspection_endpoint: `${issuer.issuer}/introspect`,
    })
    expect(issuer.use.metadata.requests).toBe(1)
  })

  it('reads the document of an issuer with a path (RFC 8414 §3.1)', async () => {
    const tenant = await startIssuer({ path: '/tenant' })
    const metadata = await fetchIssuerMetadata(tenant.issuer, 1000).finally(() => tenant.stop())
    expect(metadata.issuer).toBe(tenant.issuer)
    expect(tenant.issuer).toMatch(/\/tenant$/)
  })

  it('reads the OpenID document where there is no other', async () => {
    const { server, origin, close } = await openServer()
    server.on('request', (req, res) => {
      const found = req.url === '/.well-known/openid-configuration'
      res.writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
      res.end(JSON.stringify(found ? { issuer: origin, jwks_uri: `${origin}/jwks` } : {}))
    })
    const metadata = await fetchIssuerMetadata(origin, 1000).finally(close)
    expect(metadata.jwks_uri).toBe(`${origin}/jwks`)
  })

  it('asks in MCP’s order: RFC 8414, then OpenID with the path inserted, then with the path before', async () => {
    const asked: string[] = []
    const { server, origin, close } = await openServer()
    server.on('request', (req, res) => {
      asked.push(req.url ?? '')
      res.writeHead(404).end()
    })
    const failing = fetchIssuerMetadata(`${origin}/tenant`, 1000).finally(close)
    await expect(failing).rejects.toThrow(AuthorityUnavailable)
    expect(asked).toEqual([
      '/.well-known/oauth-authorization-server/tenant',
      '/.well-known/openid-configuration/tenant',
      '/tenant/.well-known/openid-configuration',
    ])
  })

  it('says of each document what was wrong with it', async () => {
    issuer.fail({ status: 404, json: {} }, ['metadata'])
    const error = await fetchIssuerMetadata(issuer.issuer, 1000).catch((thrown) => thrown)
    expect(error.cause.errors.map(({ message }: Error) => message)).toEqual([
      `${issuer.issuer}/.well-known/oauth-authorization-server answers 404`,
      `${issuer.issuer}/.well-known/openid-configuration answers 404`,
    ])
  })

  it('fails for an issuer that is no URL', async () => {
    await expect(fetchIssuerMetadata('id.example', 1000)).rejects.toThrow(AuthorityUnavailable)
  })

  it.each(['https://evil.example', 'http://localhost:1'])(
    '40: takes nothing from a document that names the issuer %s',
    async (other) => {
      issuer.metadata.issuer = other
      await expect(fetchIssuerMetadata(issuer.issuer, 1000)).rejects.toThrow(AuthorityUnavailable)
    },
  )

  it('40: compares the issuer to the byte', async () => {
    issuer.metadata.issuer = `${issuer.issuer}/`
    await expect(fetchIssuerMetadata(issuer.issuer, 1000)).rejects.toThrow(AuthorityUnavailable)
  })

  it.each(['internal_error', 'garbage', 'unauthorized'] as const)(
    'fails when the issuer is %s, and says which',
    async (fault) => {
      issuer.fail(fault, ['metadata'])
      await expect(fetchIssuerMetadata(issuer.issuer, 1000)).rejects.toMatchObject({
        name: 'AuthorityUnavailable',
        message: `No metadata from the issuer ${issuer.issuer}`,
        cause: expect.any(AggregateError),
      })
    },
  )

  it('gives up after its time, both documents together', async () => {
    issuer.fail('hang', ['metadata'])
    await expect(fetchIssuerMetadata(issuer.issuer, 100)).rejects.toThrow(AuthorityUnavailable)
    expect(issuer.use.metadata.requests).toBe(1)
  })

  it('fails when nobody listens', async () => {
    await issuer.refuseConnections()
    await expect(fetchIssuerMetadata(issuer.issuer, 1000)).rejects.toThrow(AuthorityUnavailable)
  })
})

describe('once', () => {
  it('loads once for all who ask, and remembers', async () => {
    let loads = 0
    const load = once(async () => {
      loads += 1
      return loads
    })
    expect(await Promise.all([load(), load(), load()])).toEqual([1, 1, 1])
    expect(await load()).toBe(1)
  })

  it('shares a failure, and forgets it', async () => {
    let loads = 0
    const load = once(async () => {
      loads += 1
      if (loads === 1) throw new Error('down')
      return loads
    })
    const outcomes = await Promise.allSettled([load(), load()])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await load()).toBe(2)
  })
})
