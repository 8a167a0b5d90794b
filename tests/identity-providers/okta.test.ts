import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { accessMatrix, outcomeOf } from '../support/access-matrix.ts'
import { bannerOf } from '../support/idp/banner-of.ts'
import { type HouseOptions, type OpenedHouse, openOkta } from '../support/idp/houses.ts'
import { oktaClients } from '../support/idp/okta.ts'
import { callTool, contentOf } from '../support/mcp-request.ts'
import { killPrograms } from '../support/programs.ts'

const verifying = { TOKEN_VALIDATION: 'jwt' }
const withoutGroups = { SCOPE_TEMPLATE: '', SCOPE_CLAIM: '', SCOPE_MAP: '' }
const scopesByRule = {
  nobody: [],
  alice: ['read', 'write'],
  bob: ['read'],
  admin: ['read', 'write', 'admin'],
}

let time = Date.now()
let house: OpenedHouse

function openBeforeAll(mcp: HouseOptions['mcp'] = {}, options: HouseOptions = {}): void {
  beforeAll(async () => {
    time = Date.now()
    house = await openOkta({ mcp, now: () => time, ...options })
  })
  afterAll(async () => {
    killPrograms()
    await house.stop()
  })
}

const statusOf = async (token = '') =>
  (await callTool(house.mcp.resource, 'get_user_profile', {}, { token })).status

describe.each([
  ['introspection', {}],
  ['jwt', verifying],
])('Okta with groups for people, and validation by %s', (mode, env) => {
  openBeforeAll(env)

  it('validates that way', async () => {
    expect((await house.mcp.mcp.validation()).mode).toBe(mode)
  })

  it.each(Object.entries(accessMatrix))(
    '%s answers each account by its groups',
    async (tool, { outcome }) => {
      expect(await house.outcomesOf(tool)).toEqual(outcome)
    },
  )

  it('sends nobody to sign in again for what no sign-in brings', async () => {
    const { client, session } = await house.enter('bob')
    expect(await outcomeOf(client, session, 'write_data')).toBe('lacks write')
    expect(client.signIns()).toBe(1)
  })

  it('knows who calls: the login is the subject, and cid the client', async () => {
    const { client } = await house.enter('alice')
    const token = (await client.authorization.tokens())?.accessToken ?? ''
    const profile = contentOf(await callTool(house.mcp.resource, 'get_user_profile', {}, { token }))
    expect(profile).toMatchObject({
      iss: house.idp.issuer,
      sub: 'alice@example.com',
      client_id: oktaClients.native,
      scopes: expect.arrayContaining(['read', 'write']),
    })
  })
})

describe('Okta with scopes tied to groups by its access policy', () => {
  openBeforeAll(withoutGroups, { scopesOf: (caller) => scopesByRule[caller] })

  it.each(Object.entries(accessMatrix))('%s answers each account by its rule', async (tool, { outcome }) => {
    expect(await house.outcomesOf(tool)).toEqual(outcome)
  })

  it('refuses a sign-in that asks for one scope too many, and the client says why', async () => {
    const client = house.createClient('bob')
    await expect(client.authorization.signIn()).rejects.toMatchObject({
      error: 'access_denied',
      error_description: expect.stringContaining('Policy evaluation failed'),
    })
  })

  it('steps up to what the rule has', async () => {
    const client = house.createClient('alice')
    await client.authorization.signIn({ scopes: ['read'] })
    const session = await client.connect()
    expect(await outcomeOf(client, session, 'write_data')).toBe('ok')
    await session.close()
    expect(client.signIns()).toBe(2)
  })
})

describe('a token of Okta', () => {
  openBeforeAll()

  it('is renewed when it expires, with a new refresh token, and without asking the user', async () => {
    const client = house.createClient('alice')
    const before = await client.authorization.signIn()
    time += 3600_000
    expect(await statusOf(before.accessToken)).toBe(401)
    const after = await client.authorization.refresh()
    expect(await statusOf(after?.accessToken)).toBe(200)
    expect(after?.refreshToken).not.toBe(before.refreshToken)
    expect(client.signIns()).toBe(1)
  })

  it('is refused when it is introspected after signing out, once the cache has forgotten it', async () => {
    const client = house.createClient('alice')
    const { accessToken } = await client.authorization.signIn()
    expect(await statusOf(accessToken)).toBe(200)
    expect(await client.signOut()).toBe('revoked')
    time += 10_000
    expect(await statusOf(accessToken)).toBe(401)
  })

  it('comes back at the one port that is registered', () => {
    const asked = house.idp.sent('authorize').map((request) => request.get('redirect_uri'))
    expect(new Set(asked)).toEqual(
      new Set([`http://127.0.0.1:${house.environment.client.REDIRECT_PORT}/callback`]),
    )
  })

  it('needs what the banner of the MCP server says', async () => {
    const banner = await bannerOf(house.environment.mcp)
    expect(banner).toContain('profile     okta (Okta: ')
    expect(banner).toContain('validation  introspection: the issuer offers it: revoked tokens are noticed')
    expect(banner).toContain('asked for as mcp')
    expect(banner).toContain('note        the audience comes from the authorization server')
    expect(banner).toContain('note        redirects go to http://127.0.0.1:8765/callback')
  })
})

describe('a token of Okta that is verified by its signature', () => {
  openBeforeAll(verifying)

  it('is accepted after signing out until it expires', async () => {
    const client = house.createClient('bob')
    const { accessToken } = await client.authorization.signIn()
    expect(await client.signOut()).toBe('revoked')
    time += 3600_000
    expect(await statusOf(accessToken)).toBe(200)
    time += 15_000
    expect(await statusOf(accessToken)).toBe(401)
  })
})
