import { afterEach, describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../../config/index.ts'
import { createIntrospectionVerifier } from '../../../resource-server/auth/introspection.ts'
import { fetchIssuerMetadata } from '../../../resource-server/auth/issuer-metadata.ts'
import { createJwtVerifier } from '../../../resource-server/auth/jwt.ts'
import { createTokenInfoVerifier } from '../../../resource-server/auth/tokeninfo.ts'
import { AuthorityUnavailable } from '../../../resource-server/auth/verdict.ts'
import { checkIdp } from '../../../resource-server/idp-check/check-idp.ts'
import { createFlood, drip, type Flood } from '../../support/flood.ts'
import { startIssuer } from '../../support/issuer-stand-in.ts'
import { authorizationServerMetadata, createStandIns, type StandInAnswer } from '../../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

/** A busy machine gets there, too, in milliseconds. */
const patientMs = 30_000

const resource = 'https://mcp.example/mcp'
const client = { id: 'mcp-server', secret: 'a secret of these tests' }

/** Each way of asking an issuer about a token, at an issuer that answers everything in one way. */
const ways = {
  async metadata(origin: string, timeoutMs = patientMs) {
    return await fetchIssuerMetadata(origin, timeoutMs)
  },
  async introspection(origin: string, timeoutMs?: number) {
    const metadata = async () => ({ issuer: origin, introspection_endpoint: `${origin}/introspect` })
    return await createIntrospectionVerifier({ ...expectations(origin, timeoutMs), metadata, client }).verify(
      'a-token',
    )
  },
  async keys(origin: string, timeoutMs?: number) {
    const issuer = await startIssuer()
    try {
      const metadata = async () => ({ issuer: origin, jwks_uri: `${origin}/jwks` })
      const token = await issuer.sign({ aud: resource })
      return await createJwtVerifier({ ...expectations(origin, timeoutMs), metadata }).verify(token)
    } finally {
      await issuer.stop()
    }
  },
  async tokeninfo(origin: string, timeoutMs?: number) {
    const endpoint = `${origin}/tokeninfo`
    return await createTokenInfoVerifier({ ...expectations(origin, timeoutMs), endpoint }).verify('a-token')
  },
}

function expectations(issuer: string, timeoutMs = patientMs) {
  return { issuer, resource, acceptedAudiences: [resource], timeoutMs }
}

const paths = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/introspect',
  '/jwks',
  '/tokeninfo',
  '/token',
  '/register',
]

/** An issuer whose every answer is this one. */
const startAnswering = async (answer: StandInAnswer, but: Readonly<Record<string, unknown>> = {}) =>
  await standIns.start((origin) => ({
    ...Object.fromEntries(paths.map((path) => [path, answer])),
    ...Object.fromEntries(
      Object.entries(but).map(([path, more]) => [
        path,
        { body: { ...authorizationServerMetadata(origin), ...Object(more)(origin) } },
      ]),
    ),
  }))

describe.each(Object.entries(ways))('what the issuer says by %s', (way, ask) => {
  it.each<[string, Flood]>([
    ['plain', createFlood()],
    ['compressed', createFlood({ coding: 'gzip' })],
  ])('is not read without end, and is an outage: %s', async (_how, flood) => {
    const { origin } = await startAnswering({ send: flood.send })
    await expect(ask(origin)).rejects.toBeInstanceOf(AuthorityUnavailable)
    expect(await flood.ended()).toBe('the client hung up')
  })

  it('must end in time, and not only begin', async () => {
    const { origin } = await startAnswering({ send: drip })
    await expect(ask(origin, 100)).rejects.toBeInstanceOf(AuthorityUnavailable)
  })

  if (way === 'metadata') {
    it('is said to be too long', async () => {
      const { origin } = await startAnswering({ send: createFlood().send })
      const error = await ask(origin).catch((thrown) => thrown)
      expect(error.cause.errors[0].message).toMatch(/answers with more than 1 MiB$/)
    })
  }
})

describe('the check of an identity provider', () => {
  it.each(['/introspect', '/jwks', '/token', '/register'])('does not read %s without end', async (path) => {
    const flood = createFlood()
    const { origin } = await startAnswering(
      { send: flood.send },
      {
        '/.well-known/oauth-authorization-server': (own: string) => ({
          [path === '/jwks' ? 'jwks_uri' : 'revocation_endpoint']: `${own}${path}`,
          ...(path === '/introspect' && { introspection_endpoint: `${own}${path}` }),
          ...(path === '/register' && { registration_endpoint: `${own}${path}` }),
          ...(path !== '/token' && { token_endpoint: `${own}/nothing` }),
        }),
      },
    )
    const env = {
      ISSUER: origin,
      IDP: 'generic',
      RESOURCE_CLIENT_ID: client.id,
      RESOURCE_CLIENT_SECRET: client.secret,
    }
    const config = loadConfig(env, 'idp-check')
    const options = { config, env, client: config.resourceClient, timeoutMs: patientMs }
    expect((await checkIdp(options)).findings).not.toEqual([])
    expect(await flood.ended()).toBe('the client hung up')
  })
})
