import { afterEach, describe, expect, it } from '@jest/globals'
import { clientCredentialsGrant } from 'openid-client'
import { loadAuthorizationServer } from '../../client/authorization-server-metadata.ts'
import { exitStatus } from '../../client/failure.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { authorizationServerMetadata, createStandIns, type Routes, type StandIn } from './stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

const oauthDocument = '/.well-known/oauth-authorization-server'
const oidcDocument = '/.well-known/openid-configuration'

function load(server: StandIn, { path = '', secret }: { path?: string; secret?: string } = {}) {
  const client = { id: 'a:client', ...(secret !== undefined && { secret }) }
  return loadAuthorizationServer(
    `${server.origin}${path}`,
    client,
    createSecureFetch('http://localhost:1/mcp'),
  )
}

const startWith = (part: Record<string, unknown>, more: Routes = {}) =>
  standIns.start((origin) => ({
    [oauthDocument]: { body: { ...authorizationServerMetadata(origin), ...part } },
    ...more,
  }))

describe('loadAuthorizationServer', () => {
  it('reads the RFC 8414 document', async () => {
    const server = await startWith({})
    expect((await load(server)).serverMetadata().token_endpoint).toBe(`${server.origin}/token`)
    expect(server.requests.map(({ path }) => path)).toEqual([oauthDocument])
  })

  it('asks for an issuer with a path in the order that MCP prescribes', async () => {
    const server = await standIns.start((origin) => ({
      [`/tenant${oidcDocument}`]: {
        body: { ...authorizationServerMetadata(origin), issuer: `${origin}/tenant` },
      },
    }))
    expect((await load(server, { path: '/tenant' })).serverMetadata().issuer).toBe(`${server.origin}/tenant`)
    expect(server.requests.map(({ path }) => path)).toEqual([
      `${oauthDocument}/tenant`,
      `${oidcDocument}/tenant`,
      `/tenant${oidcDocument}`,
    ])
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

  it.each([[undefined], [['plain']], [[]]])('refuses PKCE methods %p', async (methods) => {
    const server = await startWith({ code_challenge_methods_supported: methods })
    await expect(load(server)).rejects.toThrow(/does not offer PKCE with S256/)
  })

  it.each(['authorization_endpoint', 'token_endpoint', 'revocation_endpoint'])(
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

  it('refuses metadata without the endpoints of the code flow', async () => {
    const server = await startWith({ authorization_endpoint: undefined })
    await expect(load(server)).rejects.toThrow(/lacks the endpoints/)
  })

  it('says that there is no metadata', async () => {
    const server = await standIns.start(() => ({}))
    await expect(load(server)).rejects.toThrow(/publishes no metadata/)
  })

  it('does not take an outage for absence', async () => {
    const server = await startWith({})
    await standIns.stop()
    await expect(load(server)).rejects.toMatchObject({ cause: { status: exitStatus.unreachable } })
  })

  it.each([
    [undefined, 'Basic YSUzQWNsaWVudDpzJTI2Y3JldA==', undefined],
    [['client_secret_basic', 'client_secret_post'], 'Basic YSUzQWNsaWVudDpzJTI2Y3JldA==', undefined],
    [['client_secret_post'], undefined, 's&cret'],
  ])('authenticates as the server lists: %p', async (methods, header, field) => {
    const server = await startWith(
      { token_endpoint_auth_methods_supported: methods },
      { '/token': { body: { access_token: 'a', token_type: 'bearer' } } },
    )
    await clientCredentialsGrant(await load(server, { secret: 's&cret' }))
    const [request] = server.to('/token')
    expect(request?.headers.authorization).toBe(header)
    expect(request?.fields.get('client_secret') ?? undefined).toBe(field)
  })
})
