import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { basic, introspect, obtainTokens, post, refresh } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

const offline = { scope: 'openid read offline_access', prompt: 'consent' }
let running: RunningProvider
beforeAll(async () => {
  running = await startProvider()
})
afterAll(() => running.stop())

describe('introspection', () => {
  it('tells the resource server what a token permits', async () => {
    const { body } = await obtainTokens(running, 'alice', offline)
    const now = Math.floor(Date.now() / 1000)
    const answer = await introspect(running, body.access_token)
    expect(answer.body).toEqual({
      active: true,
      iss: running.issuer,
      sub: 'alice',
      username: 'alice',
      aud: running.config.resource,
      client_id: running.config.client.id,
      scope: 'read',
      token_type: 'Bearer',
      iat: expect.any(Number),
      exp: expect.any(Number),
    })
    expect(Number(answer.body.exp) - now).toBeGreaterThan(3_590)
    expect(Number(answer.body.exp) - now).toBeLessThanOrEqual(3_601)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('says the same of whatever is not an access token for the resource (attack 24)', async () => {
    const { body } = await obtainTokens(running, 'alice', offline)
    const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.'
    for (const token of [body.refresh_token, 'garbage', jwt, '__proto__', 'x'.repeat(10_000)]) {
      expect(await introspect(running, token)).toMatchObject({ status: 200, body: { active: false } })
      expect((await introspect(running, token)).body).toEqual({ active: false })
    }
  })

  it('says the same of a token for another audience', async () => {
    const { config, server } = running
    const { provider } = server
    const client = await provider.Client.find(config.client.id)
    if (!client) throw new Error('The client is preregistered.')
    const grant = new provider.Grant({ accountId: 'alice', clientId: client.clientId })
    const properties = { accountId: 'alice', client, grantId: await grant.save(), gty: 'authorization_code' }
    const issue = async (audience: string) => {
      const token = new provider.AccessToken({ ...properties, scope: 'read' })
      token.setAudience(audience)
      return introspect(running, await token.save())
    }
    expect((await issue(config.resource)).body).toMatchObject({ active: true })
    for (const audience of ['https://other.example/mcp', `${config.resource}/sub`, config.issuer]) {
      expect((await issue(audience)).body).toEqual({ active: false })
    }
  })

  it('says nothing to other clients, the token’s own included (attack 0h)', async () => {
    const { body } = await obtainTokens(running, 'alice', offline)
    const token = String(body.access_token)
    const own = await post(`${running.issuer}/introspect`, { token, client_id: running.config.client.id })
    expect(own.body).toEqual({ active: false })
    const registration = await fetch(`${running.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['https://app.example/callback'] }),
    })
    const { client_id, client_secret } = await registration.json()
    const other = await post(
      `${running.issuer}/introspect`,
      { token },
      basic({ id: client_id, secret: client_secret }),
    )
    expect(other).toMatchObject({ status: 200, body: { active: false } })
    expect(other.body).toEqual({ active: false })
  })

  it.each<[string, number, (id: string) => Record<string, string>]>([
    ['no client authentication', 401, () => ({})],
    ['a wrong secret', 401, (id) => basic({ id, secret: 'wrong' })],
    ['an unknown client', 401, () => basic({ id: 'nobody', secret: 'x' })],
  ])('answers %s with %i', async (_what, status, headers) => {
    const { id } = running.config.resourceClient
    const answer = await post(`${running.issuer}/introspect`, { token: 'x' }, headers(id))
    expect(answer.status).toBe(status)
    expect(answer.body).not.toHaveProperty('active')
  })
})

describe('revocation', () => {
  const revoke = (token: unknown, client_id = running.config.client.id) =>
    post(`${running.issuer}/revoke`, { token: String(token), client_id })

  it('ends an access token', async () => {
    const { body } = await obtainTokens(running, 'alice')
    expect((await revoke(body.access_token)).status).toBe(200)
    expect((await introspect(running, body.access_token)).body).toEqual({ active: false })
  })

  it('of a refresh token ends everything that came with it (attack 25)', async () => {
    const { body } = await obtainTokens(running, 'alice', offline)
    const renewed = await refresh(running, body.refresh_token)
    expect((await revoke(renewed.body.refresh_token)).status).toBe(200)
    for (const token of [body.access_token, renewed.body.access_token]) {
      expect((await introspect(running, token)).body).toEqual({ active: false })
    }
    expect((await refresh(running, renewed.body.refresh_token)).status).toBe(400)
  })

  it('does not end someone else’s token', async () => {
    const { body } = await obtainTokens(running, 'alice', offline)
    const { resourceClient } = running.config
    await post(`${running.issuer}/revoke`, { token: String(body.access_token) }, basic(resourceClient))
    await post(`${running.issuer}/revoke`, { token: String(body.refresh_token) }, basic(resourceClient))
    expect((await introspect(running, body.access_token)).body).toMatchObject({ active: true })
    expect((await refresh(running, body.refresh_token)).status).toBe(200)
  })

  it('of an unknown token succeeds, as RFC 7009 §2.2 wants', async () => {
    expect((await revoke('unknown')).status).toBe(200)
  })

  it('lets a user who revoked a token sign in again', async () => {
    const { body } = await obtainTokens(running, 'alice')
    await revoke(body.access_token)
    const again = await obtainTokens(running, 'alice')
    expect((await introspect(running, again.body.access_token)).body).toMatchObject({ active: true })
  })
})

describe('CORS', () => {
  const origin = 'https://tool.example'

  it.each(['/token', '/revoke', '/userinfo', '/par'])('lets scripts of any origin use %s', async (path) => {
    const preflight = await fetch(`${running.issuer}${path}`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    const answer = await post(
      `${running.issuer}${path}`,
      { client_id: running.config.client.id, token: 'x', grant_type: 'refresh_token', refresh_token: 'x' },
      { origin },
    )
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  })

  it.each(['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration', '/jwks'])(
    'lets scripts of any origin read %s',
    async (path) => {
      const answer = await fetch(`${running.issuer}${path}`, { headers: { origin } })
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    },
  )

  it.each(['/', '/authorize', '/interaction/x', '/nowhere'])('keeps %s to itself', async (path) => {
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await fetch(`${running.issuer}${path}`, {
        method,
        headers: { origin, 'access-control-request-method': 'GET' },
      })
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
  })
})

describe('metadata', () => {
  it.each(['oauth-authorization-server', 'openid-configuration'])(
    'at %s says what there is',
    async (name) => {
      const metadata = await (await fetch(`${running.issuer}/.well-known/${name}`)).json()
      const { issuer } = running
      expect(metadata).toMatchObject({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        introspection_endpoint: `${issuer}/introspect`,
        revocation_endpoint: `${issuer}/revoke`,
        registration_endpoint: `${issuer}/register`,
        pushed_authorization_request_endpoint: `${issuer}/par`,
        jwks_uri: `${issuer}/jwks`,
        userinfo_endpoint: `${issuer}/userinfo`,
        scopes_supported: ['openid', 'offline_access', 'read', 'write', 'admin'],
        response_types_supported: ['code'],
        device_authorization_endpoint: `${issuer}/device/auth`,
        grant_types_supported: [
          'authorization_code',
          'refresh_token',
          'client_credentials',
          'urn:ietf:params:oauth:grant-type:device_code',
        ],
        code_challenge_methods_supported: ['S256'],
        id_token_signing_alg_values_supported: ['ES256'],
        authorization_response_iss_parameter_supported: true,
        client_id_metadata_document_supported: true,
      })
    },
  )

  it('names keys that only verify, none of which everybody has (attack 0i)', async () => {
    const { keys } = await (await fetch(`${running.issuer}/jwks`)).json()
    const key = expect.objectContaining({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })
    expect(keys).toEqual([key, key])
    for (const { d, kid } of keys) {
      expect(d).toBeUndefined()
      expect(kid).not.toContain('CHANGE-ME')
    }
  })
})
