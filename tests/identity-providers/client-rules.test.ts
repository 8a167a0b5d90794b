import { afterEach, describe, expect, it } from '@jest/globals'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import { outcomeOf } from '../support/access-matrix.ts'
import { entraAppIdUri } from '../support/idp/entra.ts'
import { type OpenedHouse, openAuth0, openEntra, openGoogle, openOkta } from '../support/idp/houses.ts'
import { startMaliciousAuthorizationServer } from '../support/malicious-authorization-server.ts'
import { createTestClient } from '../support/sign-in-client.ts'
import { createStandIns, protectedResourceMetadata } from '../support/stand-in.ts'

const standIns = createStandIns()
let house: OpenedHouse | undefined
afterEach(async () => {
  await house?.stop()
  await standIns.stop()
  house = undefined
})

describe('whichever authorization server there is, the client', () => {
  it('rule 1: refuses the metadata of another issuer, be it for a slash', async () => {
    house = await openAuth0()
    const { origin } = await standIns.start((own) => ({
      '/.well-known/oauth-protected-resource/mcp': {
        body: protectedResourceMetadata(`${own}/mcp`, house?.idp.origin ?? ''),
      },
    }))
    await expect(createTestClient(`${origin}/mcp`, 'alice').discover()).rejects.toThrow('another issuer')
  })

  it('rule 3: names the resource by its own string, and adds no slash to a bare origin', async () => {
    const server = await startMaliciousAuthorizationServer(standIns)
    const resource = await standIns.start((own) => ({
      '/.well-known/oauth-protected-resource': { body: protectedResourceMetadata(own, server.origin) },
    }))
    const client = createTestClient(resource.origin, 'anybody', {
      signInAt: async (url) => void (await fetch(url)),
    })
    await client.authorization.signIn()
    expect(server.to('/token')[0]?.fields.get('resource')).toBe(resource.origin)
  })

  it('rule 7: asks for scopes in the issuer’s words', async () => {
    house = await openEntra({ mcp: { SCOPE_TEMPLATE: `${entraAppIdUri}/{scope}` } })
    await house.createClient('admin').authorization.signIn()
    const wire = ['read', 'write', 'admin'].map((scope) => `${entraAppIdUri}/${scope}`)
    expect(house.idp.sent('authorize')[0]?.get('scope')).toBe([...wire, 'offline_access'].join(' '))
  })

  it('rule 8: sends `resource` unless it must not, at each request, and what else a vendor wants', async () => {
    house = await openOkta()
    const sentBy = async (opened: OpenedHouse) => {
      const client = opened.createClient('alice')
      await client.authorization.signIn()
      await client.authorization.refresh()
      const sent = [...opened.idp.sent('authorize'), ...opened.idp.sent('token')]
      expect(sent).toHaveLength(3)
      return sent.map((request) => request.get('resource'))
    }
    const { resource } = house.mcp
    expect(await sentBy(house)).toEqual([resource, resource, resource])
    await house.stop()
    house = await openEntra()
    expect(await sentBy(house)).toEqual([null, null, null])
    await house.stop()
    house = await openAuth0()
    await sentBy(house)
    expect(house.idp.sent('authorize')[0]?.get('audience')).toBe(house.mcp.resource)
  })

  it('rule 9: signs nobody in without S256, unless a profile says that it works unlisted', async () => {
    house = await openEntra({ client: { ALLOW_INSECURE_UNADVERTISED_PKCE: 'no' } })
    await expect(house.createClient('alice').authorization.signIn()).rejects.toThrow('PKCE with S256')
    expect(house.idp.sent('authorize')).toEqual([])
    await house.stop()
    house = await openEntra()
    await house.createClient('alice').authorization.signIn()
    expect(house.idp.sent('authorize')[0]?.get('code_challenge_method')).toBe('S256')
  })

  it('rule 10: refuses a callback that names another issuer, although none was announced', async () => {
    house = await openGoogle({ spoil: ({ searchParams }) => searchParams.set('iss', 'https://evil.example') })
    await expect(house.createClient('alice').authorization.signIn()).rejects.toThrow()
    expect(house.idp.sent('token')).toEqual([])
    await house.stop()
    house = await openOkta({
      spoil: ({ searchParams }) => searchParams.set('iss', house?.idp.issuer ?? ''),
    })
    await expect(house.createClient('alice').authorization.signIn()).resolves.toBeDefined()
  })

  it('rule 10: refuses a callback that names no issuer, although the metadata promises one', async () => {
    const signInAt = async (url: URL) => void (await fetch(url))
    const signInWith = async (promised: boolean) => {
      const server = await startMaliciousAuthorizationServer(standIns, {
        metadata: () => ({ authorization_response_iss_parameter_supported: promised }),
        spoilCallback: (parameters) => parameters.delete('iss'),
      })
      const { origin } = await standIns.start((own) => ({
        '/.well-known/oauth-protected-resource': { body: protectedResourceMetadata(own, server.origin) },
      }))
      const { authorization } = createTestClient(origin, 'anybody', { signInAt })
      const outcome = await authorization.signIn().then(
        () => 'signed in',
        () => 'refused',
      )
      return [outcome, server.to('/token').length]
    }
    expect(await signInWith(true)).toEqual(['refused', 0])
    expect(await signInWith(false)).toEqual(['signed in', 1])
  })

  it('rule 11: uses the registration made by hand, and at no other issuer than the first', async () => {
    const first = await startMaliciousAuthorizationServer(standIns)
    const second = await startMaliciousAuthorizationServer(standIns)
    const store = createMemoryTokenStore()
    const clientAt = async (issuer: string) => {
      const { origin } = await standIns.start((own) => ({
        '/.well-known/oauth-protected-resource': { body: protectedResourceMetadata(own, issuer) },
      }))
      const client = { id: 'made-by-hand', secret: 'of the first' }
      const signInAt = async (url: URL) => void (await fetch(url))
      return (await createTestClient(origin, 'anybody', { store, client, signInAt }).authorization.signIn())
        .clientId
    }
    expect(await clientAt(first.origin)).toBe('made-by-hand')
    expect(await clientAt(second.origin)).toBe(`registered-at-${second.origin}`)
    expect(JSON.stringify(second.requests)).not.toContain(btoa('made-by-hand:of+the+first'))
  })

  it('rule 12: comes back at the host and port that the vendor takes', async () => {
    house = await openEntra({ client: { REDIRECT_HOST: '127.0.0.1' } })
    await expect(house.createClient('alice').authorization.signIn()).rejects.toThrow('AADSTS50011')
    await house.stop()
    house = await openEntra()
    await house.createClient('alice').authorization.signIn()
    expect(house.idp.sent('token')[0]?.get('redirect_uri')).toMatch(/^http:\/\/localhost:\d+\/callback$/)
    await house.stop()
    house = await openOkta()
    await house.createClient('alice').authorization.signIn()
    const { REDIRECT_PORT } = house.environment.client
    expect(house.idp.sent('token')[0]?.get('redirect_uri')).toBe(`http://127.0.0.1:${REDIRECT_PORT}/callback`)
  })

  it('rule 13: asks for offline_access where it is advertised, and lives without refresh and revocation', async () => {
    house = await openGoogle({ client: { AUTHORIZATION_PARAMETERS: 'access_type=online' } })
    const client = house.createClient('alice')
    const tokens = await client.authorization.signIn()
    expect(house.idp.sent('authorize')[0]?.get('scope')).toBe('openid email')
    expect(tokens.refreshToken).toBeUndefined()
    expect(await client.authorization.refresh()).toBeUndefined()
    await house.stop()
    house = await openEntra()
    const other = house.createClient('alice')
    await other.authorization.signIn()
    expect(house.idp.sent('authorize')[0]?.get('scope')).toMatch(/ offline_access$/)
    expect(await other.signOut()).toBe('forgotten')
  })

  it('rule 14: keeps what was granted, not what was asked for, and stops when a sign-in brings nothing new', async () => {
    house = await openAuth0({ settings: { addsPermissions: false } })
    const client = house.createClient('bob')
    const { scopes } = await client.authorization.signIn({ scopes: ['read', 'write'] })
    expect([...scopes].sort()).toEqual(['offline_access', 'read'])
    const session = await client.connect()
    expect(await outcomeOf(client, session, 'write_data')).toBe('lacks write')
    await session.close()
    expect(client.signIns()).toBe(2)
  })
})
