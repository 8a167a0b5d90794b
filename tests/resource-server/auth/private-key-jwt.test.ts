import { text } from 'node:stream/consumers'
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { generateKeyPair, type JWTPayload, jwtVerify } from 'jose'
import { createIntrospectionVerifier } from '../../../resource-server/auth/introspection.ts'
import { fetchIssuerMetadata } from '../../../resource-server/auth/issuer-metadata.ts'
import { AuthorityUnavailable } from '../../../resource-server/auth/verdict.ts'
import { openServer } from '../../support/http-server.ts'

const resource = 'https://mcp.example/mcp'
const id = 'mcp-server'
const { publicKey, privateKey } = await generateKeyPair('ES256')
const other = await generateKeyPair('ES256')

const assertions: JWTPayload[] = []
let authorization: string | undefined
beforeEach(() => {
  assertions.length = 0
})

/** An issuer that knows this server by its key only, and takes each assertion once (RFC 7523 §3). */
const issuer = await openServer(async (req, res) => {
  const send = (status: number, body: unknown) =>
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (req.url?.startsWith('/.well-known/')) {
    return send(200, { issuer: issuer.origin, introspection_endpoint: `${issuer.origin}/introspect` })
  }
  authorization = req.headers.authorization
  const form = new URLSearchParams(await text(req))
  try {
    if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
      throw new Error('no assertion')
    const { payload } = await jwtVerify(form.get('client_assertion') ?? '', publicKey, {
      issuer: id,
      subject: id,
      audience: issuer.origin,
      maxTokenAge: 60,
      requiredClaims: ['exp', 'jti'],
    })
    if (assertions.some(({ jti }) => jti === payload.jti)) throw new Error('used before')
    assertions.push(payload)
  } catch {
    return send(401, { error: 'invalid_client' })
  }
  if (form.get('token') !== 'good') return send(200, { active: false })
  const exp = Math.floor(Date.now() / 1000) + 60
  return send(200, { active: true, iss: issuer.origin, aud: resource, sub: 'alice', client_id: 'c', exp })
})
afterAll(() => issuer.close())

const verifierWith = (key: CryptoKey, endpoint?: string) =>
  createIntrospectionVerifier({
    issuer: issuer.origin,
    resource,
    acceptedAudiences: [resource],
    metadata: () => fetchIssuerMetadata(issuer.origin, 1500),
    client: { id, secret: 'not used', privateKey: { key, kid: 'key-1' } },
    ...(endpoint && { endpoint }),
  })

describe('introspection with private_key_jwt (RFC 7523)', () => {
  it('signs a short-lived assertion for the issuer, and sends no secret', async () => {
    expect((await verifierWith(privateKey).verify('good')).authInfo?.clientId).toBe('c')
    const [assertion] = assertions
    expect(Number(assertion?.exp) - Number(assertion?.iat)).toBeLessThanOrEqual(60)
    expect(authorization).toBeUndefined()
  })

  it('makes a new assertion for each question', async () => {
    const verifier = verifierWith(privateKey)
    expect(await verifier.verify('bad')).toEqual({ refusal: { reason: 'inactive' } })
    await verifier.verify('good')
    expect(new Set(assertions.map(({ jti }) => jti)).size).toBe(2)
  })

  it('addresses the issuer also when the endpoint is configured', async () => {
    const verifier = verifierWith(privateKey, `${issuer.origin}/introspect`)
    expect((await verifier.verify('good')).authInfo?.clientId).toBe('c')
  })

  it('says nothing about the token when the key is not the registered one', async () => {
    const outcome = await verifierWith(other.privateKey)
      .verify('good')
      .catch((error) => error)
    expect(outcome).toBeInstanceOf(AuthorityUnavailable)
    expect(outcome.message).toContain('credentials of mcp-server')
  })
})
