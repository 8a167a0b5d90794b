import { afterAll, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { loadConfig } from '../../../config/index.ts'
import { checkIdp, findServerProblems } from '../../../resource-server/idp-check/check-idp.ts'
import { authorizationServerMetadata, createStandIns } from '../../support/stand-in.ts'

let document: Record<string, unknown> = {}
let keys: unknown = {}
let introspected: unknown = {}
const standIns = createStandIns()
afterAll(() => standIns.stop())
const { origin } = await standIns.start((own) => ({
  '/.well-known/oauth-authorization-server': () => ({
    body: { ...authorizationServerMetadata(own), ...document },
  }),
  '/keys': () => ({ body: keys }),
  '/introspect': () => ({ body: introspected }),
}))

const fields = [
  'authorization_endpoint',
  'authorization_response_iss_parameter_supported',
  'client_id_metadata_document_supported',
  'code_challenge_methods_supported',
  'grant_types_supported',
  'introspection_endpoint',
  'jwks_uri',
  'registration_endpoint',
  'response_types_supported',
  'revocation_endpoint',
  'scopes_supported',
  'token_endpoint',
  'token_endpoint_auth_methods_supported',
]
const own = fc.constantFrom(`${origin}/keys`, `${origin}/introspect`, 'http://[', 'https://localhost:1/')
const metadata = fc.dictionary(fc.constantFrom(...fields), fc.oneof(own, fc.jsonValue()))
const key = fc.dictionary(
  fc.constantFrom('kty', 'alg', 'use', 'crv', 'n'),
  fc.oneof(fc.constantFrom('RSA', 'EC', 'sig', 'RS256', 'P-256'), fc.jsonValue()),
)
const keySet = fc.oneof(fc.record({ keys: fc.array(fc.oneof(key, fc.jsonValue())) }), fc.jsonValue())

it.each(['introspection', 'jwt', 'auto'])(
  'whatever an issuer says, it is examined for %s',
  async (TOKEN_VALIDATION) => {
    const env = {
      ISSUER: origin,
      IDP: 'generic',
      TOKEN_VALIDATION,
      RESOURCE_CLIENT_ID: 'mcp-server',
      RESOURCE_CLIENT_SECRET: 'a secret of these tests',
    }
    const config = loadConfig(env, 'idp-check')
    const options = { config, env, client: config.resourceClient, timeoutMs: 1000 }
    await fc.assert(
      fc.asyncProperty(metadata, keySet, fc.jsonValue(), async (...answers) => {
        ;[document, keys, introspected] = answers
        expect(await findServerProblems(options)).toBeInstanceOf(Array)
        expect((await checkIdp(options)).findings).not.toEqual([])
      }),
      { numRuns: 100 },
    )
  },
  60_000,
)

it.each([null, 'S256', { 0: 'S256' }, [5]])(
  'a list of PKCE methods that is %j lists none',
  async (methods) => {
    document = { code_challenge_methods_supported: methods }
    const env = { ISSUER: origin, IDP: 'generic' }
    const config = loadConfig(env, 'idp-check')
    const { findings } = await checkIdp({ config, env, client: config.resourceClient })
    expect(findings).toContainEqual(
      expect.objectContaining({
        about: 'PKCE',
        level: 'missing',
        found: expect.stringContaining('does not list'),
      }),
    )
  },
)
