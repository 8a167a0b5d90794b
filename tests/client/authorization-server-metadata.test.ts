import { afterEach, describe, expect, it } from '@jest/globals'
import { loadAuthorizationServer } from '../../client/authorization-server-metadata.ts'
import { exitStatus } from '../../client/failure.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import {
  authorizationServerMetadata,
  createStandIns,
  type Routes,
  type StandIn,
} from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

const oauthDocument = '/.well-known/oauth-authorization-server'
const oidcDocument = '/.well-known/openid-configuration'

function load(server: StandIn, path = '') {
  return loadAuthorizationServer(`${server.origin}${path}`, createSecureFetch('http://localhost:1/mcp'))
}

const startWith = (part: Record<string, unknown>, more: Routes = {}) =>
  standIns.start((origin) => ({
    [oauthDocument]: { body: { ...authorizationServerMetadata(origin), ...part } },
    ...more,
  }))

describe('loadAuthorizationServer', () => {
  it('reads the RFC 8414 document', async () => {
    const server = await startWith({})
    expect((await load(server)).token_endpoint).toBe(`${server.origin}/token`)
    expect(server.requests.map(({ path }) => path)).toEqual([oauthDocument])
  })

  it('asks for an issuer with a path in the order that MCP prescribes', async () => {
    const server = await standIns.start((origin) => ({
      [`/tenant${oidcDocument}`]: {
        body: { ...authorizationServerMetadata(origin), issuer: `${origin}/tenant` },
      },
    }))
    expect((await load(server, '/tenant')).issuer).toBe(`${server.origin}/tenant`)
    expect(server.requests.map(({ path }) => path)).toEqual([
      `${oauthDocument}/tenant`,
      `${oidcDocument}/tenant`,
      `/tenant${oidcDocument}`,
    ])
  })

  it('takes nothing for a list that is none', async () => {
    const server = await startWith({
      code_challenge_methods_supported: 'S256',
      scopes_supported: { includes: 'offline_access' },
      dpop_signing_alg_values_supported: [1],
      token_endpoint_auth_methods_supported: true,
      grant_types_supported: ['authorization_code'],
      authorization_response_iss_parameter_supported: true,
    })
    const metadata = await load(server)
    expect(metadata).not.toHaveProperty('code_challenge_methods_supported')
    expect(metadata).not.toHaveProperty('scopes_supported')
    expect(metadata).not.toHaveProperty('token_endpoint_auth_methods_supported')
    expect(metadata).not.toHaveProperty('dpop_signing_alg_values_supported')
    expect(metadata).toMatchObject({
      grant_types_supported: ['authorization_code'],
      authorization_response_iss_parameter_supported: true,
    })
  })

  it.each(['https://evil.example', '/', '/tenant'])(
    'refuses the metadata of the issuer …%s',
    async (other) => {
      const server = await standIns.start((origin) => ({
        [oauthDocument]: {
          body: {
            ...authorizationServerMetadata(origin),
            issuer: other.startsWith('/') ? `${origin}${other}` : other,
          },
        },
      }))
      await expect(load(server)).rejects.toThrow(/metadata of another issuer/)
    },
  )

  it.each(['authorization_endpoint', 'token_endpoint', 'revocation_endpoint', 'registration_endpoint'])(
    'refuses a plain http %s elsewhere',
    async (endpoint) => {
      const server = await startWith({ [endpoint]: 'http://idp.example/x' })
      await expect(load(server)).rejects.toThrow(/neither https nor on this machine/)
    },
  )

  it('refuses an authorization endpoint that is no web address', async () => {
    const server = await startWith({ authorization_endpoint: 'javascript:alert(1)' })
    await expect(load(server)).rejects.toThrow(/neither https nor on this machine/)
  })

  it.each([[undefined], [null], [7], [['https://id.example/token']], [{}]])(
    'refuses metadata without a token endpoint: %j is none',
    async (token_endpoint) => {
      const server = await startWith({ token_endpoint })
      await expect(load(server)).rejects.toThrow(/has no token endpoint/)
    },
  )

  it('says that there is no metadata', async () => {
    const server = await standIns.start(() => ({}))
    await expect(load(server)).rejects.toThrow(/publishes no metadata/)
  })

  it('does not take an outage for absence', async () => {
    const server = await startWith({})
    await standIns.stop()
    await expect(load(server)).rejects.toMatchObject({ status: exitStatus.unreachable })
    const failing = await standIns.start(() => ({ [oauthDocument]: { status: 503 } }))
    await expect(load(failing)).rejects.toMatchObject({ status: exitStatus.unreachable })
  })

  it('takes a page for people at the well-known path for absence', async () => {
    const server = await standIns.start((origin) => ({
      [oauthDocument]: { headers: { 'content-type': 'text/html' }, body: '<!doctype html>' },
      [oidcDocument]: { body: authorizationServerMetadata(origin) },
    }))
    expect((await load(server)).issuer).toBe(server.origin)
  })
})
