import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { accessMatrix, outcomeOf } from '../support/access-matrix.ts'
import { bannerOf } from '../support/idp/banner-of.ts'
import { type GoogleStandIn, googleClient } from '../support/idp/google.ts'
import { type HouseOptions, type OpenedHouse, openGoogle } from '../support/idp/houses.ts'
import { callTool, contentOf } from '../support/mcp-request.ts'
import { killPrograms } from '../support/programs.ts'

let time = Date.now()
let house: OpenedHouse<GoogleStandIn>

function openBeforeAll(mcp: HouseOptions['mcp'] = {}, client: HouseOptions['client'] = {}): void {
  beforeAll(async () => {
    time = Date.now()
    house = await openGoogle({ mcp, client, now: () => time })
  })
  afterAll(async () => {
    killPrograms()
    await house.stop()
  })
}

const statusOf = async (token = '') =>
  (await callTool(house.mcp.resource, 'get_user_profile', {}, { token })).status

describe('Google', () => {
  openBeforeAll()

  it('validates by tokeninfo', async () => {
    expect((await house.mcp.mcp.validation()).mode).toBe('tokeninfo')
  })

  it.each(Object.entries(accessMatrix))(
    '%s answers each account as SCOPE_MAP has its address or its domain',
    async (tool, { outcome }) => {
      expect(await house.outcomesOf(tool)).toEqual(outcome)
    },
  )

  it('is asked for its own scopes and for a refresh token, and for no resource', () => {
    const [request] = house.idp.sent('authorize')
    expect(Object.fromEntries(request ?? [])).toMatchObject({
      scope: 'openid email',
      access_type: 'offline',
      prompt: 'consent',
    })
    for (const sent of [...house.idp.sent('authorize'), ...house.idp.sent('token')]) {
      expect(sent.has('resource')).toBe(false)
    }
  })

  it('sends nobody to sign in again for what no sign-in brings', async () => {
    const { client, session } = await house.enter('bob')
    expect(await outcomeOf(client, session, 'write_data')).toBe('lacks write')
    expect(client.signIns()).toBe(1)
  })

  it('says who calls', async () => {
    const { client } = await house.enter('alice')
    const token = (await client.authorization.tokens())?.accessToken ?? ''
    const profile = contentOf(await callTool(house.mcp.resource, 'get_user_profile', {}, { token }))
    expect(profile).toMatchObject({
      iss: house.idp.issuer,
      sub: expect.stringMatching(/^\d+$/),
      username: 'alice@example.com',
      client_id: googleClient.id,
    })
  })

  it('renews a token when it expires, with the refresh token that there was', async () => {
    const client = house.createClient('alice')
    const before = await client.authorization.signIn()
    time += 3600_000
    expect(await statusOf(before.accessToken)).toBe(401)
    const after = await client.authorization.refresh()
    expect(await statusOf(after?.accessToken)).toBe(200)
    expect(after?.refreshToken).toBe(before.refreshToken)
    expect(client.signIns()).toBe(1)
  })

  it('ends a token when somebody signs out, once the cache has forgotten it', async () => {
    const client = house.createClient('alice')
    const { accessToken } = await client.authorization.signIn()
    expect(await statusOf(accessToken)).toBe(200)
    expect(await client.signOut()).toBe('revoked')
    time += 10_000
    expect(await statusOf(accessToken)).toBe(401)
  })

  it('has an MCP server that says at its start what is different', async () => {
    const banner = await bannerOf(house.environment.mcp)
    expect(banner).toContain('profile     google (Google: ')
    expect(banner).toContain('validation  tokeninfo: as configured: revoked tokens are noticed')
    expect(banner).toContain('asked for as openid email')
    expect(banner).toContain('note        the audience of a token is the client, not the MCP server')
  })
})

describe('Google, for a client without its secret,', () => {
  openBeforeAll()

  it('gives no token', async () => {
    const { CLIENT_ID = '' } = house.environment.client
    const { redirect_uri = '' } = Object.fromEntries(house.idp.sent('authorize')[0] ?? [])
    const form = { grant_type: 'authorization_code', client_id: CLIENT_ID, code: 'x', redirect_uri }
    const response = await fetch(`${house.idp.origin}/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    expect(await response.json()).toMatchObject({ error_description: 'client_secret is missing.' })
  })
})

describe('Google, asked for scopes of the MCP server,', () => {
  openBeforeAll({ SCOPE_TEMPLATE: '{scope}' })

  it('shows a page that calls them invalid', async () => {
    await expect(house.createClient('alice').authorization.signIn()).rejects.toThrow(
      'Some requested scopes were invalid. {invalid=[read, write, admin]}',
    )
  })
})

describe('Google without access_type=offline', () => {
  openBeforeAll({}, { AUTHORIZATION_PARAMETERS: 'access_type=online' })

  it('gives no refresh token, and the client signs in again when the token expires', async () => {
    const client = house.createClient('alice')
    expect(await client.authorization.signIn()).not.toHaveProperty('refreshToken')
    time += 3600_000
    const session = await client.connect()
    expect(await outcomeOf(client, session, 'read_data')).toBe('ok')
    await session.close()
    expect(client.signIns()).toBe(2)
  })
})

describe('Google, for a token of another client,', () => {
  openBeforeAll({ ACCEPTED_AUDIENCES: 'another-client.apps.googleusercontent.com' })

  it('is not believed', async () => {
    const { accessToken } = await house.createClient('alice').authorization.signIn()
    expect(await statusOf(accessToken)).toBe(401)
  })
})
