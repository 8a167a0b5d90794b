import { expect, it } from '@jest/globals'
import { openOkta } from '../support/idp/houses.ts'
import { oktaClients } from '../support/idp/okta.ts'
import { describeStandIn } from './stand-in.ts'

const okta = {
  // The login is the subject, and cid the client.
  profile: {
    sub: 'alice@example.com',
    client_id: oktaClients.native,
    scopes: expect.arrayContaining(['read', 'write']),
  },
  rotates: true,
  signOut: 'revoked',
} as const

describeStandIn(
  {
    ...okta,
    title: 'Okta with groups for people, and validation by introspection',
    open: (now) => openOkta({ now }),
    validation: 'introspection',
    scopesBy: 'by its groups',
    stepsUp: false,
    banner: [
      'profile     okta (Okta: ',
      'validation  introspection: the issuer offers it: revoked tokens are noticed',
      'asked for as mcp',
      'note        the audience comes from the authorization server',
      'note        redirects go to http://127.0.0.1:8765/callback',
    ],
  },
  (standIn) => {
    it('comes back at the one port that is registered', () => {
      const { idp, environment } = standIn.house
      const asked = idp.sent('authorize').map((request) => request.get('redirect_uri'))
      expect(new Set(asked)).toEqual(
        new Set([`http://127.0.0.1:${environment.client.REDIRECT_PORT}/callback`]),
      )
    })
  },
)

describeStandIn({
  ...okta,
  title: 'Okta with groups for people, and validation by jwt',
  open: (now) => openOkta({ now, mcp: { TOKEN_VALIDATION: 'jwt' } }),
  validation: 'jwt',
  scopesBy: 'by its groups',
  stepsUp: false,
})

const scopesByRule = {
  nobody: [],
  alice: ['read', 'write'],
  bob: ['read'],
  admin: ['read', 'write', 'admin'],
}

describeStandIn(
  {
    ...okta,
    title: 'Okta with scopes tied to groups by its access policy',
    open: (now) =>
      openOkta({
        now,
        mcp: { SCOPE_TEMPLATE: '', SCOPE_CLAIM: '', SCOPE_MAP: '' },
        scopesOf: (caller) => scopesByRule[caller],
      }),
    validation: 'introspection',
    scopesBy: 'by its rule',
    stepsUp: true,
  },
  (standIn) => {
    it('refuses a sign-in that asks for one scope too many, and the client says why', async () => {
      const client = standIn.house.createClient('bob')
      await expect(client.authorization.signIn()).rejects.toMatchObject({
        error: 'access_denied',
        error_description: expect.stringContaining('Policy evaluation failed'),
      })
    })
  },
)
