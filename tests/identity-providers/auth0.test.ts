import { describe, expect, it } from '@jest/globals'
import { outcomeOf } from '../support/access-matrix.ts'
import { auth0Client } from '../support/idp/auth0.ts'
import { openAuth0 } from '../support/idp/houses.ts'
import { callTool, contentOf } from '../support/mcp-request.ts'
import { describeStandIn, openBeforeAll, type StandIn } from './stand-in.ts'

const auth0 = {
  validation: 'jwt',
  scopesBy: 'by its permissions',
  stepsUp: true,
  profile: { sub: 'auth0|alice', client_id: auth0Client },
  rotates: true,
  signOut: 'revoked',
} as const

function grantsWhatRolesAllow(standIn: StandIn): void {
  it('grants each account what its roles allow, without an error', async () => {
    const held = async (who: 'alice' | 'bob') =>
      [...((await (await standIn.house.enter(who)).client.authorization.tokens())?.scopes ?? [])].sort()
    expect(await held('alice')).toEqual(['offline_access', 'read', 'write'])
    expect(await held('bob')).toEqual(['offline_access', 'read'])
  })
}

describeStandIn(
  {
    ...auth0,
    title: 'Auth0 with permissions in the access token',
    open: (now) => openAuth0({ now, settings: { addsPermissions: true } }),
  },
  (standIn) => {
    grantsWhatRolesAllow(standIn)

    it('lets a client do what it asked for, and not all that the person may do', async () => {
      const { mcp, createClient } = standIn.house
      const { accessToken: token } = await createClient('admin').authorization.signIn({ scopes: ['read'] })
      const statusOf = async (tool: string, args: Readonly<Record<string, string>>) =>
        (await callTool(mcp.resource, tool, args, { token })).status
      expect(await statusOf('read_data', { resource_id: 'doc1' })).toBe(200)
      expect(await statusOf('write_data', { resource_id: 'x', content: 'y' })).toBe(403)
    })
  },
)

describeStandIn(
  {
    ...auth0,
    title: 'Auth0 without permissions in the access token',
    open: (now) => openAuth0({ now, settings: { addsPermissions: false } }),
    banner: [
      'profile     auth0 (Auth0: ',
      'validation  jwt: as configured: a revoked token is accepted until it expires',
      'note        the API is asked for by `audience`',
    ],
  },
  (standIn) => {
    grantsWhatRolesAllow(standIn)

    it('has a slash at the end of its issuer, and so has everything that names it', async () => {
      const { idp, mcp, createClient } = standIn.house
      expect(idp.issuer).toBe(`${idp.origin}/`)
      const client = createClient('alice')
      expect((await client.discover()).issuer).toBe(idp.issuer)
      const { accessToken: token } = await client.authorization.signIn()
      const profile = contentOf(await callTool(mcp.resource, 'get_user_profile', {}, { token }))
      expect(profile).toMatchObject({ iss: idp.issuer })
      expect(profile).not.toHaveProperty('username')
    })

    it('is asked for the API by audience, and for the resource as well', () => {
      const { idp, mcp } = standIn.house
      const [request] = idp.sent('authorize')
      expect(request?.get('audience')).toBe(mcp.resource)
      expect(request?.get('resource')).toBe(mcp.resource)
    })

    it('asks once and no more for a permission that the account does not have', async () => {
      const { client, session } = await standIn.house.enter('bob')
      const before = client.signIns()
      expect(await outcomeOf(client, session, 'write_data')).toBe('lacks write')
      expect(client.signIns()).toBe(before + 1)
    })

    it('gives tokens for the API and for userinfo when openid is asked for, and they are good', async () => {
      const client = standIn.house.createClient('alice')
      const { accessToken } = await client.authorization.signIn({ scopes: ['openid', 'read'] })
      expect(await standIn.statusOf(accessToken)).toBe(200)
    })

    it('is sent the refresh token when somebody signs out', async () => {
      const client = standIn.house.createClient('alice')
      const { refreshToken } = await client.authorization.signIn()
      await client.signOut()
      expect(standIn.house.idp.sent('revoke').map((form) => form.get('token'))).toContain(refreshToken)
    })
  },
)

describe('Auth0 without the audience parameter', () => {
  const standIn = openBeforeAll((now) => openAuth0({ now, client: { IDP: 'generic' } }))

  it('gives an opaque token, which is refused', async () => {
    const { accessToken } = await standIn.house.createClient('alice').authorization.signIn()
    expect(accessToken).toMatch(/^opaque-/)
    expect(await standIn.statusOf(accessToken)).toBe(401)
  })
})

describe('Auth0 with its Resource Parameter Compatibility Profile', () => {
  const standIn = openBeforeAll((now) =>
    openAuth0({ now, settings: { compatibilityProfile: true }, client: { IDP: 'generic' } }),
  )

  it('takes the resource parameter of a client that knows nothing of Auth0', async () => {
    const client = standIn.house.createClient('alice')
    const { accessToken } = await client.authorization.signIn({ scopes: ['read'] })
    expect(await standIn.statusOf(accessToken)).toBe(200)
  })
})
