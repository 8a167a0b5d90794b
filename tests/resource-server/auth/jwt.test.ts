import { createHmac } from 'node:crypto'
import { afterAll, describe, expect, it } from '@jest/globals'
import { exportSPKI, importJWK, type JWTHeaderParameters, type JWTPayload } from 'jose'
import { fetchIssuerMetadata, once } from '../../../resource-server/auth/issuer-metadata.ts'
import { createJwtVerifier } from '../../../resource-server/auth/jwt.ts'
import { openServer } from '../../support/http-server.ts'
import { createSigner, type SigningAlgorithm } from '../../support/issuer-keys.ts'
import { startIssuer } from '../../support/issuer-stand-in.ts'

const resource = 'https://mcp.example/mcp'
let time = Date.parse('2026-01-01T00:00:00Z')
const now = () => time
const seconds = () => Math.floor(time / 1000)

const algorithms: readonly SigningAlgorithm[] = ['ES256', 'RS256', 'EdDSA']
const issuer = await startIssuer({ algorithms, now })
const attacker = await createSigner(algorithms)
let visits = 0
const attackersServer = await openServer((_, res) => {
  visits += 1
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(attacker.jwks))
})
afterAll(async () => {
  await issuer.stop()
  await attackersServer.close()
})

const verifier = createJwtVerifier({
  issuer: issuer.issuer,
  resource,
  acceptedAudiences: [resource],
  metadata: once(() => fetchIssuerMetadata(issuer.issuer, 1500)),
  now,
})

/** Header parameters over the good ones; undefined leaves one out. */
type Header = Readonly<Record<string, unknown>>

/** What the verifier says of a token of the issuer with changes. */
async function verdictOf(claims: JWTPayload = {}, header: Header = {}) {
  return verifier.verify(await issuer.sign({ aud: resource, ...claims }, header as JWTHeaderParameters))
}
const reasonFor = async (claims: JWTPayload, header: Header = {}) =>
  (await verdictOf(claims, header)).refusal?.reason

/** The claims of a good token, signed by the attacker. */
function forged(header: Header = {}): Promise<string> {
  const claims = {
    iss: issuer.issuer,
    aud: resource,
    sub: 'alice',
    scope: 'read admin',
    exp: seconds() + 3600,
  }
  return attacker.sign(claims, header as JWTHeaderParameters)
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const unsigned = (header: unknown, claims: JWTPayload = {}) =>
  `${encode(header)}.${encode({ iss: issuer.issuer, aud: resource, exp: seconds() + 60, ...claims })}`

async function expectRefused(token: string): Promise<void> {
  const { authInfo, refusal } = await verifier.verify(token)
  expect([authInfo, refusal?.reason]).toEqual([undefined, 'signature'])
}

describe('a good access token', () => {
  it.each(algorithms)('signed with %s says who calls', async (alg) => {
    const { authInfo } = await verdictOf({ scope: 'read write' }, { alg })
    expect(authInfo).toMatchObject({
      clientId: 'test-client',
      scopes: ['read', 'write'],
      expiresAt: seconds() + 3600,
      extra: { issuer: issuer.issuer, subject: 'alice' },
    })
  })

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'JWT', 'jwt', undefined])(
    'may have the typ %s',
    async (typ) => {
      expect(await reasonFor({}, { typ })).toBeUndefined()
    },
  )

  it('34: may be for several audiences', async () => {
    expect(await reasonFor({ aud: ['https://other.example', resource] })).toBeUndefined()
  })

  it('33: may be 14 seconds over its time or before it, because clocks differ', async () => {
    expect(await reasonFor({ exp: seconds() - 14 })).toBeUndefined()
    expect(await reasonFor({ nbf: seconds() + 15 })).toBeUndefined()
  })
})

describe('33: a signature that is not the issuer’s is refused:', () => {
  it.each(['none', 'None', 'NONE', 'nOnE'])('alg %s, with and without a signature', async (alg) => {
    await expectRefused(`${unsigned({ alg, typ: 'at+jwt' })}.`)
    await expectRefused(`${unsigned({ alg, typ: 'at+jwt' })}.c2lnbmF0dXJl`)
    await expectRefused(`${unsigned({ alg, typ: 'at+jwt', kid: 'ES256-1' })}.`)
  })

  it.each(['HS256', 'HS384', 'HS512'])('%s, with the published RSA key as the secret', async (alg) => {
    const jwk = issuer.jwks.keys.find((key) => key.alg === 'RS256') ?? {}
    const pem = await exportSPKI((await importJWK(jwk, 'RS256')) as CryptoKey)
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), jwk.n ?? '']) {
      const content = unsigned({ alg, typ: 'at+jwt', kid: jwk.kid }, { sub: 'alice', scope: 'admin' })
      const hash = alg.replace('HS', 'sha')
      const signature = createHmac(hash, secret).update(content).digest('base64url')
      // The key's type would not fit either: the algorithm alone must be enough.
      expect(await verifier.verify(`${content}.${signature}`)).toEqual({
        refusal: { reason: 'signature', detail: 'ERR_JOSE_ALG_NOT_ALLOWED' },
      })
    }
  })

  it.each(algorithms)('%s, with a key of the attacker under the name of a published one', async (alg) => {
    await expectRefused(await forged({ alg, kid: `${alg}-1` }))
    await expectRefused(await forged({ alg, kid: undefined }))
  })

  it('an algorithm that is not that of the key', async () => {
    await expectRefused(await forged({ alg: 'ES256', kid: 'RS256-1' }))
    const [header = '', claims = '', signature = ''] = (await issuer.sign({ aud: resource })).split('.')
    const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), alg: 'ES384' }
    await expectRefused(`${encode(changed)}.${claims}.${signature}`)
  })

  it('a kid that nobody knows', async () => {
    await expectRefused(await forged({ kid: 'unknown' }))
    await expectRefused(await forged({ kid: '../../etc/passwd' }))
    await expectRefused(await forged({ kid: '__proto__' }))
  })

  it.each(['jku', 'x5u'])('a %s leads nowhere: nothing is fetched from the attacker', async (name) => {
    const url = `${attackersServer.origin}/jwks`
    await expectRefused(await forged({ [name]: url }))
    await expectRefused(await forged({ [name]: url, kid: 'mine' }))
    expect(visits).toBe(0)
  })

  it('a key that the token brings along', async () => {
    const [jwk] = attacker.jwks.keys
    await expectRefused(await forged({ jwk: jwk ?? {} }))
    await expectRefused(await forged({ jwk: jwk ?? {}, kid: 'mine' }))
    await expectRefused(await forged({ x5c: ['MIIB'], kid: 'mine' }))
  })

  it('claims, header or signature changed by one letter', async () => {
    const token = await issuer.sign({ aud: resource })
    const parts = token.split('.')
    const scope = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString())
    await expectRefused([parts[0], encode({ ...scope, scope: 'admin' }), parts[2]].join('.'))
    await expectRefused(`${parts[0]}.${parts[1]}.${parts[2]?.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}`)
    await expectRefused(`${parts[0]}.${parts[1]}.`)
    await expectRefused(`${token}.${parts[2]}`)
  })

  it('a header with critical extensions', async () => {
    await expectRefused(`${unsigned({ alg: 'ES256', kid: 'ES256-1', crit: ['x'], x: 1 })}.${'A'.repeat(86)}`)
    await expectRefused(
      `${unsigned({ alg: 'ES256', kid: 'ES256-1', crit: ['b64'], b64: false })}.${'A'.repeat(86)}`,
    )
  })

  it.each(['a', 'a.b', 'a.b.c', '..', 'e30.e30.', 'a.b.c.d.e', `${'a'.repeat(8000)}.b.c`, 'null.null.null'])(
    'what is no JWT: %.20s',
    expectRefused,
  )
})

describe('a token that the issuer signed is refused', () => {
  it.each([
    ['a slash more', () => `${issuer.issuer}/`],
    ['another host', () => issuer.issuer.replace('localhost', '127.0.0.1')],
    ['a prefix', () => `${issuer.issuer}.evil.example`],
    ['none', () => undefined],
  ])('33: when its issuer is %s', async (_, iss) => {
    expect(await reasonFor({ iss: iss() as string })).toBe('issuer')
  })

  it.each([
    ['a sibling path', 'https://mcp.example/mcp2'],
    ['a string prefix', 'https://mcp.example/mc'],
    ['a path below', 'https://mcp.example/mcp/admin'],
    ['a trailing slash', 'https://mcp.example/mcp/'],
    ['another port', 'https://mcp.example:8443/mcp'],
    ['the origin', 'https://mcp.example'],
    ['others', ['https://other.example/mcp', 'https://mcp.example']],
    ['none', undefined],
    ['an empty list', []],
  ])('34: when its audience is %s', async (_, aud) => {
    expect(await reasonFor({ aud } as JWTPayload)).toBe('audience')
  })

  it('33: from the 15th second after its exp on', async () => {
    expect(await reasonFor({ exp: seconds() - 15 })).toBe('expired')
    expect(await reasonFor({ exp: seconds() - 3600 })).toBe('expired')
  })

  it('33: when it is not valid yet, by more than 15 seconds', async () => {
    expect(await reasonFor({ nbf: seconds() + 16 })).toBe('not_yet_valid')
  })

  it('33: when it does not expire', async () => {
    expect(await reasonFor({ exp: undefined } as unknown as JWTPayload)).toBe('no_expiry')
    expect(await reasonFor({ exp: '4102444800' } as unknown as JWTPayload)).toBe('signature')
  })

  it.each([
    'logout+jwt',
    'secevent+jwt',
    'dpop+jwt',
    'token-introspection+jwt',
    'oauth-authz-req+jwt',
    'ID',
    '',
  ])('33: when its typ is "%s"', async (typ) => {
    expect(await reasonFor({}, { typ })).toBe('not_an_access_token')
  })

  it.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['no sub', { sub: undefined }],
    ['an empty sub', { sub: '' }],
    ['a sub that is no string', { sub: 7 }],
    ['no client_id', { client_id: undefined }],
    ['a client_id that is no string', { client_id: ['test-client'] }],
  ])('when it has %s (RFC 9068 §2.2) [A33]', async (_, claims) => {
    expect(await reasonFor(claims as JWTPayload)).toBe('not_an_access_token')
    expect(await reasonFor(claims as JWTPayload, { typ: 'JWT' })).toBe('not_an_access_token')
  })

  it.each(['azp', 'cid'])('but not when it names its client by %s, as some issuers do', async (claim) => {
    const { authInfo } = await verdictOf(
      { scope: 'read', client_id: undefined, [claim]: 'cli' },
      { typ: 'JWT' },
    )
    expect(authInfo?.clientId).toBe('cli')
  })

  it.each<readonly [string, JWTPayload]>([
    ['an ID token with the hash of an access token', { at_hash: 'x', scope: 'read' }],
    ['an ID token with the hash of a code', { c_hash: 'x', nonce: 'n', scope: 'read' }],
    ['an ID token with the hash of a state', { s_hash: 'x' }],
    ['an ID token with a nonce', { nonce: 'n', scope: undefined }],
    ['an ID token of Keycloak', { typ: 'ID' }],
    ['a refresh token of Keycloak', { typ: 'Refresh' }],
    ['a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
  ])('33: when it is %s', async (_, claims) => {
    expect(await reasonFor(claims, { typ: 'JWT' })).toBe('not_an_access_token')
    expect(await reasonFor(claims, { typ: undefined })).toBe('not_an_access_token')
  })
})

it('33: takes the time from the clock that it is given', async () => {
  const token = await issuer.sign({ aud: resource })
  expect((await verifier.verify(token)).authInfo).toBeDefined()
  time += 3_614_999
  expect((await verifier.verify(token)).authInfo).toBeDefined()
  time += 1
  expect((await verifier.verify(token)).refusal?.reason).toBe('expired')
})
