import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import {
  fetchIssuerMetadata,
  type IssuerMetadata,
  once,
} from '../../../resource-server/auth/issuer-metadata.ts'
import { createJwtVerifier } from '../../../resource-server/auth/jwt.ts'
import { AuthorityUnavailable, type TokenVerifier } from '../../../resource-server/auth/verdict.ts'
import { type IssuerFault, type IssuerStandIn, startIssuer } from '../../support/issuer-stand-in.ts'

const resource = 'https://mcp.example/mcp'
let time: number
let issuer: IssuerStandIn
let verifier: TokenVerifier

/** A verifier that has not fetched anything yet. */
function createVerifier(timeoutMs = 1500): TokenVerifier {
  return createJwtVerifier({
    issuer: issuer.issuer,
    resource,
    acceptedAudiences: [resource],
    metadata: once(() => fetchIssuerMetadata(issuer.issuer, 1500)),
    timeoutMs,
  })
}

beforeEach(async () => {
  time = Date.now()
  jest.spyOn(Date, 'now').mockImplementation(() => time) // jose has no other clock for its keys
  issuer = await startIssuer()
  verifier = createVerifier()
})
afterEach(async () => {
  jest.restoreAllMocks()
  await issuer.stop()
})

const token = () => issuer.sign({ aud: resource })
const accepts = async (jwt: string) => (await verifier.verify(jwt)).authInfo !== undefined

describe('when the issuer rotates its keys', () => {
  it('the new key is accepted once the keys may be fetched again, and the old one all the while', async () => {
    const old = await token()
    expect(await accepts(old)).toBe(true)
    await issuer.rotate()
    time += 30_000
    expect(await accepts(await token())).toBe(true)
    expect(await accepts(old)).toBe(true)
    expect(issuer.use.jwks.requests).toBe(2)
  })

  it('a key that was published before its use is accepted from its first use on', async () => {
    await issuer.rotate()
    expect(await accepts(await token())).toBe(true)
    expect(issuer.use.jwks.requests).toBe(1)
  })

  it('a key that is published no more is refused after ten minutes at most', async () => {
    const old = await token()
    expect(await accepts(old)).toBe(true)
    issuer.fail({ status: 200, json: { keys: [] } }, ['jwks'])
    time += 599_999
    expect(await accepts(old)).toBe(true)
    time += 1
    expect((await verifier.verify(old)).refusal?.reason).toBe('signature')
  })
})

describe('when the system’s clock steps back an hour', () => {
  beforeEach(async () => {
    expect(await accepts(await token())).toBe(true)
    time -= 3_600_000
  })

  it('a new key of the issuer is accepted, and not only an hour later', async () => {
    await issuer.rotate()
    time += 30_000
    expect(await accepts(await issuer.sign({ aud: resource, exp: time / 1000 + 60 }))).toBe(true)
  })

  it('a key that is published no more is not kept for that hour', async () => {
    const old = await token()
    issuer.fail({ status: 200, json: { keys: [] } }, ['jwks'])
    time += 600_000
    expect((await verifier.verify(old)).refusal?.reason).toBe('signature')
  })
})

describe('1,000 unknown kids', () => {
  const unknown = async (index: number) => issuer.sign({ aud: resource }, { kid: `unknown-${index}` })

  it('are one fetch of the keys, one after the other', async () => {
    await verifier.verify(await token())
    time += 30_000
    for (let index = 0; index < 1000; index += 1) {
      expect((await verifier.verify(await unknown(index))).refusal?.reason).toBe('signature')
    }
    expect(issuer.use.jwks.requests).toBe(2)
    expect(await accepts(await token())).toBe(true)
  })

  it('are one fetch at once, and one more 30 seconds later', async () => {
    const tokens = await Promise.all(Array.from({ length: 1000 }, (_, index) => unknown(index)))
    await Promise.all(tokens.map((jwt) => verifier.verify(jwt)))
    expect(issuer.use.jwks.requests).toBe(1)
    time += 29_999
    await Promise.all(tokens.map((jwt) => verifier.verify(jwt)))
    expect(issuer.use.jwks.requests).toBe(1)
    time += 1
    await Promise.all(tokens.map((jwt) => verifier.verify(jwt)))
    expect(issuer.use.jwks.requests).toBe(2)
  })
})

describe('when the keys cannot be had, nothing is said about the token:', () => {
  it.each<readonly [string, IssuerFault]>([
    ['500', 'internal_error'],
    ['401', 'unauthorized'],
    ['garbage', 'garbage'],
    ['a redirect', { status: 302, json: {} }],
    ['no list of keys', { status: 200, json: { keys: 'none' } }],
    ['an array', { status: 200, json: [] }],
    ['null', { status: 200, json: null }],
  ])('%s', async (_, fault) => {
    issuer.fail(fault, ['jwks'])
    await expect(verifier.verify(await token())).rejects.toThrow(AuthorityUnavailable)
    await issuer.heal()
    expect(await accepts(await token())).toBe(true)
  })

  it('no answer in time', async () => {
    const impatient = createVerifier(50)
    issuer.fail('hang', ['jwks'])
    await expect(impatient.verify(await token())).rejects.toThrow(AuthorityUnavailable)
  })

  it('nobody listens', async () => {
    await fetchIssuerMetadata(issuer.issuer, 1500)
    const jwt = await token()
    await issuer.refuseConnections()
    await expect(verifier.verify(jwt)).rejects.toThrow(AuthorityUnavailable)
    await issuer.heal()
    expect(await accepts(jwt)).toBe(true)
  })

  it('the metadata name none', async () => {
    issuer.metadata.jwks_uri = undefined
    await expect(verifier.verify(await token())).rejects.toThrow('jwks_uri')
  })
})

it('keys that are there already last through an outage of the issuer', async () => {
  expect(await accepts(await token())).toBe(true)
  await issuer.refuseConnections()
  time += 599_999
  expect(await accepts(await token())).toBe(true)
})

it.each([['/jwks'], [''], [5], ['http://id.example.com/jwks']])(
  'keys at %j are an outage: nothing is known of the token, and nothing is fetched',
  async (jwks_uri) => {
    const sent = jest.spyOn(globalThis, 'fetch')
    const metadata = { issuer: issuer.issuer, jwks_uri } as unknown as IssuerMetadata
    const outcome = createJwtVerifier({
      issuer: issuer.issuer,
      resource,
      acceptedAudiences: [resource],
      metadata: async () => metadata,
    }).verify(await token())
    await expect(outcome).rejects.toThrow(AuthorityUnavailable)
    expect(sent).not.toHaveBeenCalled()
  },
)
