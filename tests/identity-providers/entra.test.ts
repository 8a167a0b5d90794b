import { describe, expect, it } from '@jest/globals'
import { entraAppIdUri, entraIds } from '../support/idp/entra.ts'
import { openEntra } from '../support/idp/houses.ts'
import { describeStandIn, openBeforeAll } from './stand-in.ts'

const entra = {
  validation: 'jwt',
  rotates: true,
  signOut: 'forgotten',
} as const

const wireScope = (scope: string) => `${entraAppIdUri}/${scope}`

describeStandIn(
  {
    ...entra,
    title: 'Entra ID with app roles for people',
    open: (now) => openEntra({ now, settings: { userConsent: false } }),
    scopesBy: 'by its roles',
    stepsUp: false,
    profile: {
      sub: 'pairwise-alice',
      username: 'alice@example.com',
      client_id: entraIds.client,
      scopes: ['access', 'read', 'write'],
    },
    banner: [
      'profile     entra (Microsoft Entra ID: ',
      'validation  jwt: as configured: a revoked token is accepted until it expires',
      `audience    ${entraIds.api}`,
      `asked for as ${entraAppIdUri}/access`,
      'note        the `resource` parameter is left out',
      'note        PKCE is used although the metadata does not list it',
    ],
  },
  (standIn) => {
    it('is asked for its own name of the scope, without `resource`, at localhost, for a choice of account', () => {
      const { idp } = standIn.house
      const [request] = idp.sent('authorize')
      expect(Object.fromEntries(request ?? [])).toMatchObject({
        scope: `${entraAppIdUri}/access offline_access`,
        redirect_uri: expect.stringMatching(/^http:\/\/localhost:\d+\/callback$/),
        prompt: 'select_account',
      })
      for (const sent of [...idp.sent('authorize'), ...idp.sent('token')]) {
        expect(sent.has('resource')).toBe(false)
      }
    })
  },
)

const consented = {
  nobody: [],
  alice: ['read', 'write'].map(wireScope),
  bob: ['read'].map(wireScope),
  admin: ['read', 'write', 'admin'].map(wireScope),
}

describeStandIn(
  {
    ...entra,
    title: 'Entra ID with a scope for each permission',
    open: (now) =>
      openEntra({
        now,
        mcp: { SCOPE_TEMPLATE: wireScope('{scope}'), SCOPE_CLAIM: 'none' },
        scopesOf: (caller) => consented[caller],
      }),
    scopesBy: 'by its scopes',
    wireScope,
    stepsUp: true,
    // Asked for with the App ID URI, and carried without it.
    profile: { sub: 'pairwise-alice', scopes: ['read', 'write'] },
  },
  (standIn) => {
    it('grants scopes by the names that they were asked for with', async () => {
      const { client } = await standIn.house.enter('bob')
      expect((await client.authorization.tokens())?.scopes).toEqual([wireScope('read')])
    })
  },
)

describe('Entra ID refuses a client that has been told otherwise:', () => {
  const standIn = openBeforeAll((now) =>
    openEntra({ now, settings: { userConsent: false }, client: { OMIT_RESOURCE: 'no' } }),
  )

  it('`resource` is AADSTS9010010', async () => {
    await expect(standIn.house.createClient('alice').authorization.signIn()).rejects.toMatchObject({
      error: 'invalid_target',
      error_description: expect.stringContaining('AADSTS9010010'),
    })
  })
})

describe('Entra ID where people may not consent', () => {
  const standIn = openBeforeAll((now) =>
    openEntra({
      now,
      settings: { userConsent: false },
      client: { AUTHORIZATION_PARAMETERS: 'prompt=consent' },
    }),
  )

  it('stops who asks for consent, with AADSTS90094', async () => {
    await expect(standIn.house.createClient('alice').authorization.signIn()).rejects.toMatchObject({
      error_description: expect.stringContaining('AADSTS90094'),
    })
  })
})

describe('Entra ID with the scopes’ bare names', () => {
  const standIn = openBeforeAll((now) => openEntra({ now, mcp: { SCOPE_TEMPLATE: '{scope}' } }))

  it('looks for them in Microsoft Graph: AADSTS650053', async () => {
    await expect(standIn.house.createClient('alice').authorization.signIn()).rejects.toThrow('AADSTS650053')
  })
})

describe('Entra ID with an API whose manifest does not ask for version 2.0', () => {
  const standIn = openBeforeAll((now) => openEntra({ now, settings: { tokenVersion: 1 } }))

  it('issues tokens of another issuer, which are refused', async () => {
    const { accessToken } = await standIn.house.createClient('alice').authorization.signIn()
    expect(await standIn.statusOf(accessToken)).toBe(401)
  })
})
