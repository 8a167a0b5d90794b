import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { accessMatrix, outcomeOf } from '../support/access-matrix.ts'
import { type Auth0Options, auth0Client } from '../support/idp/auth0.ts'
import { bannerOf } from '../support/idp/banner-of.ts'
import { type HouseOptions, type OpenedHouse, openAuth0 } from '../support/idp/houses.ts'
import { callTool, contentOf } from '../support/mcp-request.ts'
import { killPrograms } from '../support/programs.ts'

let time = Date.now()
let house: OpenedHouse

function openBeforeAll(settings: Partial<Auth0Options> = {}, client: HouseOptions['client'] = {}): void {
  beforeAll(async () => {
    time = Date.now()
    house = await openAuth0({ settings, client, now: () => time })
  })
  afterAll(async () => {
    killPrograms()
    await house.stop()
  })
}

const statusOf = async (token = '') =>
  (await callTool(house.mcp.resource, 'get_user_profile', {}, { token })).status

describe.each([
  ['with permissions in the access token', true],
  ['without permissions in the access token', false],
])('Auth0 %s', (_, addsPermissions) => {
  openBeforeAll({ addsPermissions })

  it.each(Object.entries(accessMatrix))(
    '%s answers each account by its permissions',
    async (tool, { outcome }) => {
      expect(await house.outcomesOf(tool)).toEqual(outcome)
    },
  )

  it('grants each account what its roles allow, without an error', async () => {
    const held = async (who: 'alice' | 'bob') =>
      [...((await (await house.enter(who)).client.authorization.tokens())?.scopes ?? [])].sort()
    expect(await held('alice')).toEqual(['offline_access', 'read', 'write'])
    expect(await held('bob')).toEqual(['offline_access', 'read'])
  })
})

describe('Auth0', () => {
  openBeforeAll({ addsPermissions: false })

  it('has a slash at the end of its issuer, and so has everything that names it', async () => {
    expect(house.idp.issuer).toBe(`${house.idp.origin}/`)
    const { client } = await house.enter('alice')
    expect((await client.discover()).issuer).toBe(house.idp.issuer)
    const token = (await client.authorization.tokens())?.accessToken ?? ''
    const profile = contentOf(await callTool(house.mcp.resource, 'get_user_profile', {}, { token }))
    expect(profile).toMatchObject({ iss: house.idp.issuer, sub: 'auth0|alice', client_id: auth0Client })
    expect(profile).not.toHaveProperty('username')
  })

  it('is asked for the API by audience, and for the resource as well', () => {
    const [request] = house.idp.sent('authorize')
    expect(request?.get('audience')).toBe(house.mcp.resource)
    expect(request?.get('resource')).toBe(house.mcp.resource)
  })

  it('steps up when a tool needs more than was asked for at first', async () => {
    const client = house.createClient('alice')
    await client.authorization.signIn({ scopes: ['read'] })
    const session = await client.connect()
    expect(await outcomeOf(client, session, 'write_data')).toBe('ok')
    await session.close()
    expect(client.signIns()).toBe(2)
  })

  it('asks once and no more for a permission that the account does not have', async () => {
    const { client, session } = await house.enter('bob')
    const before = client.signIns()
    expect(await outcomeOf(client, session, 'write_data')).toBe('lacks write')
    expect(client.signIns()).toBe(before + 1)
  })

  it('gives tokens for the API and for userinfo when openid is asked for, and they are good', async () => {
    const client = house.createClient('alice')
    const { accessToken } = await client.authorization.signIn({ scopes: ['openid', 'read'] })
    expect(await statusOf(accessToken)).toBe(200)
  })

  it('renews a token when it expires, without asking the user', async () => {
    const client = house.createClient('alice')
    const before = await client.authorization.signIn()
    time += 3600_000
    const after = await client.authorization.refresh()
    expect(await statusOf(after?.accessToken)).toBe(200)
    expect(after?.refreshToken).not.toBe(before.refreshToken)
    expect(client.signIns()).toBe(1)
  })

  it('ends the refresh token when somebody signs out; the access token lives until it expires', async () => {
    const client = house.createClient('alice')
    const { accessToken, refreshToken } = await client.authorization.signIn()
    expect(await client.signOut()).toBe('revoked')
    expect(house.idp.sent('revoke').map((form) => form.get('token'))).toContain(refreshToken)
    expect(await statusOf(accessToken)).toBe(200)
    time += 3615_000
    expect(await statusOf(accessToken)).toBe(401)
  })

  it('has an MCP server that says at its start what is different', async () => {
    const banner = await bannerOf(house.environment.mcp)
    expect(banner).toContain('profile     auth0 (Auth0: ')
    expect(banner).toContain('validation  jwt: as configured: a revoked token is accepted until it expires')
    expect(banner).toContain('note        the API is asked for by `audience`')
  })
})

describe('Auth0 with permissions in the access token', () => {
  openBeforeAll({ addsPermissions: true })

  it('lets a client do what it asked for, and not all that the person may do', async () => {
    const { accessToken: token } = await house
      .createClient('admin')
      .authorization.signIn({ scopes: ['read'] })
    const write = { resource_id: 'x', content: 'y' }
    expect((await callTool(house.mcp.resource, 'read_data', { resource_id: 'doc1' }, { token })).status).toBe(
      200,
    )
    expect((await callTool(house.mcp.resource, 'write_data', write, { token })).status).toBe(403)
  })
})

describe('Auth0 without the audience parameter', () => {
  openBeforeAll({}, { IDP: 'generic' })

  it('gives an opaque token, which is refused', async () => {
    const client = house.createClient('alice')
    const { accessToken } = await client.authorization.signIn()
    expect(accessToken).toMatch(/^opaque-/)
    expect(await statusOf(accessToken)).toBe(401)
  })
})

describe('Auth0 with its Resource Parameter Compatibility Profile', () => {
  openBeforeAll({ compatibilityProfile: true }, { IDP: 'generic' })

  it('takes the resource parameter of a client that knows nothing of Auth0', async () => {
    const client = house.createClient('alice')
    const { accessToken } = await client.authorization.signIn({ scopes: ['read'] })
    expect(await statusOf(accessToken)).toBe(200)
  })
})
