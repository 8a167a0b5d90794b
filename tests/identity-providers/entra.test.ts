import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { accessMatrix, outcomeOf } from '../support/access-matrix.ts'
import { bannerOf } from '../support/idp/banner-of.ts'
import { entraAppIdUri, entraIds } from '../support/idp/entra.ts'
import { type OpenedHouse, openEntra } from '../support/idp/houses.ts'
import { callTool, contentOf } from '../support/mcp-request.ts'
import { killPrograms } from '../support/programs.ts'

const scopes = { SCOPE_TEMPLATE: `${entraAppIdUri}/{scope}`, SCOPE_CLAIM: 'none' }
const consented = {
  nobody: [],
  alice: [`${entraAppIdUri}/read`, `${entraAppIdUri}/write`],
  bob: [`${entraAppIdUri}/read`],
  admin: [`${entraAppIdUri}/read`, `${entraAppIdUri}/write`, `${entraAppIdUri}/admin`],
}

let time = Date.now()
let house: OpenedHouse

function openBeforeAll(options: Parameters<typeof openEntra>[0] = {}): void {
  beforeAll(async () => {
    time = Date.now()
    house = await openEntra({ now: () => time, ...options })
  })
  afterAll(async () => {
    killPrograms()
    await house.stop()
  })
}

const statusOf = async (token = '') =>
  (await callTool(house.mcp.resource, 'get_user_profile', {}, { token })).status

describe('Entra ID with app roles for people', () => {
  openBeforeAll({ settings: { userConsent: false } })

  it.each(Object.entries(accessMatrix))('%s answers each account by its roles', async (tool, { outcome }) => {
    expect(await house.outcomesOf(tool)).toEqual(outcome)
  })

  it('sends nobody to sign in again for a role that they do not have', async () => {
    const { client, session } = await house.enter('bob')
    expect(await outcomeOf(client, session, 'write_data')).toBe('lacks write')
    expect(client.signIns()).toBe(1)
  })

  it('is asked for its own name of the scope, without `resource`, at localhost, for a choice of account', () => {
    const [request] = house.idp.sent('authorize')
    expect(Object.fromEntries(request ?? [])).toMatchObject({
      scope: `${entraAppIdUri}/access offline_access`,
      redirect_uri: expect.stringMatching(/^http:\/\/localhost:\d+\/callback$/),
      prompt: 'select_account',
    })
    for (const sent of [...house.idp.sent('authorize'), ...house.idp.sent('token')]) {
      expect(sent.has('resource')).toBe(false)
    }
  })

  it('says who calls, for the API’s client ID as the audience', async () => {
    const { client } = await house.enter('alice')
    const token = (await client.authorization.tokens())?.accessToken ?? ''
    const profile = contentOf(await callTool(house.mcp.resource, 'get_user_profile', {}, { token }))
    expect(profile).toMatchObject({
      iss: house.idp.issuer,
      sub: 'pairwise-alice',
      username: 'alice@example.com',
      client_id: entraIds.client,
      scopes: ['access', 'read', 'write'],
    })
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

  it('has no revocation: tokens are forgotten, and accepted until they expire', async () => {
    const client = house.createClient('alice')
    const { accessToken } = await client.authorization.signIn()
    expect(await client.signOut()).toBe('forgotten')
    expect(await statusOf(accessToken)).toBe(200)
    time += 3615_000
    expect(await statusOf(accessToken)).toBe(401)
  })

  it('has an MCP server that says at its start what is different', async () => {
    const banner = await bannerOf(house.environment.mcp)
    expect(banner).toContain('profile     entra (Microsoft Entra ID: ')
    expect(banner).toContain('validation  jwt: as configured: a revoked token is accepted until it expires')
    expect(banner).toContain(`audience    ${entraIds.api}`)
    expect(banner).toContain(`asked for as ${entraAppIdUri}/access`)
    expect(banner).toContain('note        the `resource` parameter is left out')
    expect(banner).toContain('note        PKCE is used although the metadata does not list it')
  })
})

describe('Entra ID with a scope for each permission', () => {
  openBeforeAll({ mcp: scopes, scopesOf: (caller) => consented[caller] })

  it.each(Object.entries(accessMatrix))(
    '%s answers each account by its scopes',
    async (tool, { outcome }) => {
      const words = Object.entries(outcome).map(([who, what]) => [
        who,
        what.replace(/^lacks /, `lacks ${entraAppIdUri}/`),
      ])
      expect(await house.outcomesOf(tool)).toEqual(Object.fromEntries(words))
    },
  )

  it('carries bare names for scopes that were asked for with the App ID URI', async () => {
    const { client } = await house.enter('bob')
    const { accessToken: token = '', scopes: granted } = (await client.authorization.tokens()) ?? {}
    expect(granted).toEqual([`${entraAppIdUri}/read`])
    const profile = contentOf(await callTool(house.mcp.resource, 'get_user_profile', {}, { token }))
    expect(profile).toMatchObject({ scopes: ['read'] })
  })

  it('steps up when a tool needs more than was asked for at first', async () => {
    const client = house.createClient('alice')
    await client.authorization.signIn({ scopes: [`${entraAppIdUri}/read`] })
    const session = await client.connect()
    expect(await outcomeOf(client, session, 'write_data')).toBe('ok')
    await session.close()
    expect(client.signIns()).toBe(2)
  })
})

describe('Entra ID refuses a client that has been told otherwise:', () => {
  openBeforeAll({ settings: { userConsent: false }, client: { OMIT_RESOURCE: 'no' } })

  it('`resource` is AADSTS9010010', async () => {
    await expect(house.createClient('alice').authorization.signIn()).rejects.toMatchObject({
      error: 'invalid_target',
      error_description: expect.stringContaining('AADSTS9010010'),
    })
  })
})

describe('Entra ID where people may not consent', () => {
  openBeforeAll({
    settings: { userConsent: false },
    client: { AUTHORIZATION_PARAMETERS: 'prompt=consent' },
  })

  it('stops who asks for consent, with AADSTS90094', async () => {
    await expect(house.createClient('alice').authorization.signIn()).rejects.toMatchObject({
      error_description: expect.stringContaining('AADSTS90094'),
    })
  })
})

describe('Entra ID with the scopes’ bare names', () => {
  openBeforeAll({ mcp: { SCOPE_TEMPLATE: '{scope}' } })

  it('looks for them in Microsoft Graph: AADSTS650053', async () => {
    await expect(house.createClient('alice').authorization.signIn()).rejects.toThrow('AADSTS650053')
  })
})

describe('Entra ID with an API whose manifest does not ask for version 2.0', () => {
  openBeforeAll({ settings: { tokenVersion: 1 } })

  it('issues tokens of another issuer, which are refused', async () => {
    const { accessToken } = await house.createClient('alice').authorization.signIn()
    expect(await statusOf(accessToken)).toBe(401)
  })
})
