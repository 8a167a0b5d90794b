import { afterEach, describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { describeError } from '../../../client/describe-error.ts'
import { exitStatus } from '../../../client/failure.ts'
import { clientCredentials } from '../../../client/grants/client-credentials.ts'
import { type DeviceInstructions, deviceCode } from '../../../client/grants/device-code.ts'
import { enterpriseManaged } from '../../../client/grants/enterprise-managed.ts'
import { jwtBearer } from '../../../client/grants/jwt-bearer.ts'
import { createOAuthClient, type OAuthClientOptions } from '../../../client/oauth-client.ts'
import { createMemoryTokenStore } from '../../../client/token-store.ts'
import {
  type AuthorizationServerSpite,
  startMaliciousAuthorizationServer,
} from '../../support/malicious-authorization-server.ts'
import { startMaliciousMcpServer } from '../../support/malicious-mcp-server.ts'
import { createStandIns } from '../../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

/** Both servers, honest unless told otherwise, and a client with that grant. */
async function start(
  options: Pick<OAuthClientOptions, 'grant'> & Partial<OAuthClientOptions>,
  spite: AuthorizationServerSpite = {},
) {
  const server = await startMaliciousAuthorizationServer(standIns, spite)
  const { resource } = await startMaliciousMcpServer(standIns, {
    issuers: () => [server.origin],
    challenge: 'scope="read"',
  })
  const store = createMemoryTokenStore()
  const client = createOAuthClient({ resource, store, ...options })
  const connect = async () => await (await client.connect()).close()
  const tokenRequests = () => server.to('/token').map(({ fields }) => Object.fromEntries(fields))
  return { server, resource, client, connect, tokenRequests }
}

const failure = (attempt: Promise<unknown>) => attempt.then(() => undefined, describeError)

describe('the device flow (RFC 8628)', () => {
  const routes = (page = 'https://idp.example/device'): AuthorizationServerSpite => ({
    more: {
      '/device': {
        body: {
          device_code: 'the-device-code',
          user_code: 'ABCD-EFGH',
          verification_uri: page,
          verification_uri_complete: `${page}?user_code=ABCD-EFGH`,
          expires_in: 600,
          interval: 0.001,
        },
      },
    },
  })

  it('shows the code, waits for the user, and brings tokens for the resource', async () => {
    const shown: DeviceInstructions[] = []
    let polls = 0
    const { client, connect, server, resource, tokenRequests } = await start(
      { grant: deviceCode({ show: (instructions) => shown.push(instructions) }) },
      {
        ...routes(),
        token: () =>
          ++polls < 3
            ? { status: 400, body: { error: 'authorization_pending' } }
            : { body: { access_token: 'access', token_type: 'bearer' } },
      },
    )
    await connect()
    expect(shown).toMatchObject([
      {
        userCode: 'ABCD-EFGH',
        verificationUri: new URL('https://idp.example/device'),
        expiresInSeconds: 600,
      },
    ])
    expect(Object.fromEntries(server.to('/device')[0]?.fields ?? [])).toMatchObject({
      scope: 'read offline_access',
      resource,
    })
    expect(tokenRequests().at(-1)).toMatchObject({ device_code: 'the-device-code', resource })
    expect((await client.authorization.tokens())?.scopes).toEqual(['read'])
  })

  it('registers for it, without a redirect URI', async () => {
    const { connect, server } = await start({ grant: deviceCode({ show: () => {} }) }, routes())
    await connect()
    const registered = JSON.parse(server.to('/register')[0]?.body ?? '')
    expect(registered.grant_types).toContain('urn:ietf:params:oauth:grant-type:device_code')
    expect(registered).not.toHaveProperty('redirect_uris')
  })

  it('ends when it is told to', async () => {
    const end = new AbortController()
    const { connect } = await start(
      { grant: deviceCode({ show: () => end.abort(), signal: end.signal }) },
      { ...routes(), token: () => ({ status: 400, body: { error: 'authorization_pending' } }) },
    )
    expect(await failure(connect())).toBeDefined()
  })

  it.each(['javascript:alert(1)', 'http://evil.example/device'])(
    'shows no address such as %s (attack 39)',
    async (page) => {
      const shown: unknown[] = []
      const { connect } = await start({ grant: deviceCode({ show: (it) => shown.push(it) }) }, routes(page))
      expect(await failure(connect())).toMatchObject({ status: exitStatus.signIn })
      expect(shown).toEqual([])
    },
  )

  it('says that there is none', async () => {
    const { connect } = await start(
      { grant: deviceCode({ show: () => {} }) },
      { metadata: () => ({ device_authorization_endpoint: undefined }) },
    )
    expect(await failure(connect())).toMatchObject({ message: expect.stringMatching(/has no device flow/) })
  })
})

describe('client credentials (RFC 6749 §4.4)', () => {
  it('by secret, for the resource, and again without anybody when they expire', async () => {
    let now = 0
    const { connect, server, resource, tokenRequests } = await start(
      { grant: clientCredentials(), client: { id: 'service', secret: 's&cret' }, now: () => now },
      { token: () => ({ body: { access_token: 'access', token_type: 'bearer', expires_in: 3600 } }) },
    )
    await connect()
    now = 4_000
    await connect()
    expect(tokenRequests()).toMatchObject([
      { grant_type: 'client_credentials', scope: 'read', resource },
      { grant_type: 'client_credentials', resource },
    ])
    expect(server.to('/token')[0]?.headers.authorization).toBe('Basic c2VydmljZTpzJTI2Y3JldA==')
  })

  it('by private_key_jwt, whose audience is the issuer', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const { connect, server, tokenRequests } = await start({
      grant: clientCredentials(),
      client: { id: 'service', privateKey },
    })
    await connect()
    const keys = createLocalJWKSet({ keys: [await exportJWK(publicKey)] })
    const { payload } = await jwtVerify(tokenRequests()[0]?.client_assertion ?? '', keys)
    expect(payload).toMatchObject({ iss: 'service', sub: 'service', aud: server.origin })
    expect(server.to('/token')[0]?.headers.authorization).toBeUndefined()
  })

  it('needs a registration by hand', async () => {
    const { connect, server } = await start({ grant: clientCredentials() })
    expect(await failure(connect())).toMatchObject({ status: exitStatus.signIn })
    expect(server.to('/register')).toEqual([])
  })
})

describe('workload identity (RFC 7523 §2.1)', () => {
  const client = { id: 'workload' }

  it('sends a fresh assertion, for the resource', async () => {
    const asked: string[] = []
    const { connect, server, resource, tokenRequests } = await start({
      client,
      grant: jwtBearer({
        assertion: async ({ discovery }) => {
          asked.push(discovery.issuer)
          return 'the.platform.token'
        },
      }),
    })
    await connect()
    expect(asked).toEqual([server.origin])
    expect(tokenRequests()).toEqual([
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: 'the.platform.token',
        client_id: 'workload',
        scope: 'read',
        resource,
      },
    ])
  })

  it.each(['invalid_grant', 'unauthorized_client', 'invalid_scope'])(
    'takes %s as final: no second request, no other grant',
    async (error) => {
      const grant = jwtBearer({ assertion: async () => 'the.platform.token' })
      const { connect, tokenRequests } = await start(
        { client, grant },
        { token: () => ({ status: 400, body: { error } }) },
      )
      expect(await failure(connect())).toMatchObject({
        message: expect.stringContaining(error),
        status: exitStatus.signIn,
      })
      expect(tokenRequests()).toHaveLength(1)
    },
  )
})

describe('enterprise-managed authorization (ID-JAG)', () => {
  const idJag = 'urn:ietf:params:oauth:token-type:id-jag'

  async function startEnterprise(issuedTokenType = idJag) {
    const idp = await startMaliciousAuthorizationServer(standIns, {
      token: () => ({
        body: { access_token: 'the.id.jag', issued_token_type: issuedTokenType, token_type: 'N_A' },
      }),
    })
    const grant = enterpriseManaged({
      idpIssuer: idp.origin,
      idpClient: { clientId: 'at-the-idp', clientSecret: 'idp-secret' },
      idToken: async () => 'the.id.token',
    })
    return { idp, ...(await start({ grant, client: { id: 'at-the-server', secret: 'server-secret' } })) }
  }

  it('exchanges the ID token for an assertion to that server about that resource, and uses it there', async () => {
    const { idp, connect, server, resource, tokenRequests } = await startEnterprise()
    await connect()
    expect(Object.fromEntries(idp.to('/token')[0]?.fields ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: idJag,
      subject_token: 'the.id.token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      audience: server.origin,
      resource,
      scope: 'read',
    })
    expect(tokenRequests()).toMatchObject([{ assertion: 'the.id.jag', resource }])
  })

  it("keeps the ID token and the identity provider's secret from the MCP server's side, and the reverse", async () => {
    const { idp, connect, server } = await startEnterprise()
    await connect()
    const told = (requests: typeof idp.requests) =>
      requests
        .map(({ body, headers }) => `${body} ${Buffer.from(headers.authorization?.slice(6) ?? '', 'base64')}`)
        .join()
    expect(told(server.requests)).not.toMatch(/the\.id\.token|idp-secret/)
    expect(told(idp.requests)).not.toMatch(/server-secret/)
  })

  it('accepts nothing but an ID-JAG from the identity provider', async () => {
    const { connect, tokenRequests } = await startEnterprise('urn:ietf:params:oauth:token-type:access_token')
    expect(await failure(connect())).toMatchObject({
      message: expect.stringMatching(/did not issue an ID-JAG/),
    })
    expect(tokenRequests()).toEqual([])
  })
})
