import { describe, expect, it } from '@jest/globals'
import { outcomeOf } from '../support/access-matrix.ts'
import { googleClient } from '../support/idp/google.ts'
import { openGoogle } from '../support/idp/houses.ts'
import { describeStandIn, openBeforeAll } from './stand-in.ts'

describeStandIn(
  {
    title: 'Google',
    open: (now) => openGoogle({ now }),
    validation: 'tokeninfo',
    scopesBy: 'as SCOPE_MAP has its address or its domain',
    stepsUp: false,
    profile: {
      sub: expect.stringMatching(/^\d+$/),
      username: 'alice@example.com',
      client_id: googleClient.id,
    },
    rotates: false,
    signOut: 'revoked',
    banner: [
      'profile     google (Google: ',
      'validation  tokeninfo: as configured: revoked tokens are noticed',
      'asked for as openid email',
      'note        the audience of a token is the client, not the MCP server',
    ],
  },
  (google) => {
    it('is asked for its own scopes and for a refresh token, and for no resource', () => {
      const { idp } = google.house
      const [request] = idp.sent('authorize')
      expect(Object.fromEntries(request ?? [])).toMatchObject({
        scope: 'openid email',
        access_type: 'offline',
        prompt: 'consent',
      })
      for (const sent of [...idp.sent('authorize'), ...idp.sent('token')]) {
        expect(sent.has('resource')).toBe(false)
      }
    })
  },
)

describe('Google, for a client without its secret,', () => {
  const google = openBeforeAll((now) => openGoogle({ now }))

  it('gives no token', async () => {
    const { idp, environment } = google.house
    const { CLIENT_ID = '' } = environment.client
    const form = { grant_type: 'authorization_code', client_id: CLIENT_ID, code: 'x' }
    const response = await fetch(`${idp.origin}/token`, { method: 'POST', body: new URLSearchParams(form) })
    expect(await response.json()).toMatchObject({ error_description: 'client_secret is missing.' })
  })
})

describe('Google, asked for scopes of the MCP server,', () => {
  const google = openBeforeAll((now) => openGoogle({ now, mcp: { SCOPE_TEMPLATE: '{scope}' } }))

  it('shows a page that calls them invalid', async () => {
    await expect(google.house.createClient('alice').authorization.signIn()).rejects.toThrow(
      'Some requested scopes were invalid. {invalid=[read, write, admin]}',
    )
  })
})

describe('Google without access_type=offline', () => {
  const google = openBeforeAll((now) =>
    openGoogle({ now, client: { AUTHORIZATION_PARAMETERS: 'access_type=online' } }),
  )

  it('gives no refresh token, and the client signs in again when the token expires', async () => {
    const client = google.house.createClient('alice')
    expect(await client.authorization.signIn()).not.toHaveProperty('refreshToken')
    google.pass(3600)
    const session = await client.connect()
    expect(await outcomeOf(client, session, 'read_data')).toBe('ok')
    await session.close()
    expect(client.signIns()).toBe(2)
  })
})

describe('Google, for a token of another client,', () => {
  const google = openBeforeAll((now) =>
    openGoogle({ now, mcp: { ACCEPTED_AUDIENCES: 'another-client.apps.googleusercontent.com' } }),
  )

  it('is not believed', async () => {
    const { accessToken } = await google.house.createClient('alice').authorization.signIn()
    expect(await google.statusOf(accessToken)).toBe(401)
  })
})
