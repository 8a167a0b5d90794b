import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import {
  allowInsecureRequests,
  type Configuration,
  clientCredentialsGrant,
  discovery,
  PrivateKeyJwt,
} from 'openid-client'
import { ConfigError } from '../../config/index.ts'
import { openStorage } from '../../provider/storage/open-storage.ts'
import '../support/same-realm-clone.ts'
import { writeClientsFile } from '../support/clients-file.ts'
import { authorizationRequest, Browser, basic, introspect, post, signIn } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

const { publicKey, privateKey } = await generateKeyPair('ES256')
const secret = 'a-secret-of-more-than-32-characters'
const redirectUri = 'https://portal.example/callback'
const machine = {
  client_id: 'reports',
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [await exportJWK(publicKey)] },
  scope: 'read write',
}
const portal = { client_id: 'portal', client_secret: secret, redirect_uris: [redirectUri], scope: 'read' }

let running: RunningProvider
let configuration: Configuration
beforeAll(async () => {
  running = await startProvider({ env: { CLIENTS: writeClientsFile([machine, portal]) } })
  configuration = await discovery(new URL(running.issuer), 'reports', undefined, PrivateKeyJwt(privateKey), {
    execute: [allowInsecureRequests],
  })
})
afterAll(() => running.stop())

/** A client assertion (RFC 7523 §2.2). */
function assertion(claims: Record<string, unknown> = {}, key = privateKey): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const good = { iss: 'reports', sub: 'reports', aud: running.issuer, iat: now, exp: now + 60 }
  return new SignJWT({ jti: crypto.randomUUID(), ...good, ...claims })
    .setProtectedHeader({ alg: 'ES256' })
    .sign(key)
}

const requestToken = (client_assertion: string, fields: Record<string, string> = {}) =>
  post(`${running.issuer}/token`, {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion,
    ...fields,
  })

describe('a machine', () => {
  it('gets a token for the resource, with all that it is allowed when it names nothing', async () => {
    const tokens = await clientCredentialsGrant(configuration)
    expect(tokens).toMatchObject({ scope: 'read write', token_type: 'bearer', expires_in: 3600 })
    expect(tokens).not.toHaveProperty('refresh_token')
    const { body } = await introspect(running, tokens.access_token)
    expect(body).toEqual({
      active: true,
      iss: running.issuer,
      sub: 'client:reports',
      client_id: 'reports',
      aud: running.config.resource,
      scope: 'read write',
      token_type: 'Bearer',
      iat: expect.any(Number),
      exp: expect.any(Number),
    })
  })

  it('gets no more than it asks for, and nothing when it asks for more than it is allowed', async () => {
    const { resource } = running.config
    expect((await requestToken(await assertion(), { scope: 'read', resource })).body).toMatchObject({
      scope: 'read',
    })
    expect(await requestToken(await assertion(), { scope: 'read admin' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    })
  })

  it('gets nothing for another resource (attack 6)', async () => {
    for (const resource of ['https://other.example/mcp', `${running.config.resource}/x`]) {
      expect(await requestToken(await assertion(), { resource })).toMatchObject({
        status: 400,
        body: { error: 'invalid_target' },
      })
    }
  })

  it('can revoke its token', async () => {
    const token = String((await requestToken(await assertion())).body.access_token)
    await post(`${running.issuer}/revoke`, {
      token,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion(),
    })
    expect((await introspect(running, token)).body).toEqual({ active: false })
  })

  it('proves itself with each assertion once, also when 25 come at once (attack 20)', async () => {
    const once = await assertion()
    const answers = await Promise.all(Array.from({ length: 25 }, () => requestToken(once)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
      expect([status, body.error]).toEqual([401, 'invalid_client'])
    }
  })

  it.each<[string, () => Promise<string>]>([
    ['another key', async () => assertion({}, (await generateKeyPair('ES256')).privateKey)],
    ['another audience', () => assertion({ aud: 'https://evil.example' })],
    ['another issuer', () => assertion({ iss: 'portal' })],
    ['another client', () => assertion({ iss: 'portal', sub: 'portal' })],
    ['no jti', () => assertion({ jti: undefined })],
    ['no expiry', () => assertion({ exp: undefined })],
    ['an expiry that has passed', () => assertion({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ['an expiry in an hour', () => assertion({ exp: Math.floor(Date.now() / 1000) + 3600 })],
  ])('is not believed with an assertion of %s', async (_what, make) => {
    expect(await requestToken(await make())).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })

  it.each<[string, number, number]>([
    ['10 seconds ahead', 10, 200],
    ['60 seconds ahead', 60, 401],
    ['10 seconds late when its assertion ends', -70, 200],
    ['60 seconds late when its assertion ends', -120, 401],
  ])('whose clock is %s gets what it should (clock off)', async (_what, off, status) => {
    const iat = Math.floor(Date.now() / 1000) + off
    expect((await requestToken(await assertion({ iat, nbf: iat, exp: iat + 60 }))).status).toBe(status)
  })

  it('cannot sign anybody in', async () => {
    const answer = await new Browser().open(authorizationRequest(running, { client_id: 'reports' }).url)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
  })
})

describe('a confidential web client', () => {
  const signInAt = async (scope = 'read write') => {
    const params = {
      client_id: 'portal',
      redirect_uri: redirectUri,
      scope: `${scope} offline_access`,
      prompt: 'consent',
    }
    const request = authorizationRequest(running, params)
    const redirect = await signIn(new Browser(), request, 'alice')
    return {
      grant_type: 'authorization_code',
      code: redirect.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: request.codeVerifier,
    }
  }
  const token = (fields: Record<string, string>, headers = {}) =>
    post(`${running.issuer}/token`, fields, headers)
  const own = () => basic({ id: 'portal', secret })

  it('is shown as one that this server knows, and gets no scope but those it is set up for', async () => {
    const params = { client_id: 'portal', redirect_uri: redirectUri, scope: 'read write' }
    const browser = new Browser()
    const login = await browser.open(authorizationRequest(running, params).url)
    const consent = await browser.submit(login, 'continue', { username: 'alice', password: 'password123' })
    expect(consent.document.querySelector('.warning')).toBeNull()
    expect(consent.document.text).not.toContain('Write documents')
    expect((await token(await signInAt(), own())).body).toMatchObject({ scope: 'read' })
  })

  it('redeems and refreshes with its secret, and not without (CVE-2026-53512, attack 20)', async () => {
    const code = await signInAt()
    const thieves: [Record<string, string>, Record<string, string>][] = [
      [{}, {}],
      [{ client_id: 'portal' }, {}],
      [{ client_id: 'portal', client_secret: 'wrong' }, {}],
      [{}, basic({ id: 'portal', secret: 'wrong' })],
      [{ client_id: 'portal', client_secret: secret }, own()],
      [{ client_id: 'test-client' }, own()],
      [{}, { authorization: 'Basic %%%' }],
      [{}, { authorization: `Bearer ${secret}` }],
    ]
    for (const [fields, headers] of thieves) {
      const { status, body } = await token({ ...code, ...fields }, headers)
      expect([status, body.error]).toEqual([401, 'invalid_client'])
    }
    const { body } = await token(code, own())
    const refresh = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }
    for (const [fields, headers] of thieves) {
      expect((await token({ ...refresh, ...fields }, headers)).status).toBe(401)
    }
    expect(await token(refresh, own())).toMatchObject({ status: 200, body: { scope: 'read' } })
  })
})

describe('the start', () => {
  it('fails when a client cannot be used, naming it and what to change', async () => {
    const bad = { ...portal, redirect_uris: ['http://portal.example/'] }
    const start = startProvider({ env: { CLIENTS: writeClientsFile([machine, bad]) } })
    await expect(start).rejects.toThrow(ConfigError)
    await expect(start).rejects.toThrow(
      /CLIENTS .*client "portal": redirect_uris must contain only URIs that are https/,
    )
  })
})

describe('registration', () => {
  const register = (issuer: string, headers = {}) =>
    fetch(`${issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ redirect_uris: ['https://app.example/callback'] }),
    })

  it('that is closed is not offered', async () => {
    const closed = await startProvider({ env: { REGISTRATION: 'closed' } })
    expect((await register(closed.issuer)).status).toBe(404)
    const metadata = await (await fetch(`${closed.issuer}/.well-known/oauth-authorization-server`)).json()
    expect(metadata).not.toHaveProperty('registration_endpoint')
    expect(await (await fetch(closed.issuer)).text()).not.toContain('/register')
    await closed.stop()
  })

  it('that needs a token is refused without it', async () => {
    const token = 'an-initial-access-token-of-the-operator'
    const guarded = await startProvider({ env: { REGISTRATION_TOKEN: token } })
    const bearer = (value: string) => ({ authorization: `Bearer ${value}` })
    for (const headers of [{}, bearer('wrong'), bearer('')]) {
      expect((await register(guarded.issuer, headers)).status).toBeGreaterThanOrEqual(400)
    }
    expect((await register(guarded.issuer, bearer(token))).status).toBe(201)
    await guarded.stop()
  })
})

it('what was issued to a client ends when the operator removes it', async () => {
  const storage = await openStorage('memory:')
  const before = await startProvider({ storage, env: { CLIENTS: writeClientsFile([machine, portal]) } })
  const provider = new URL(before.issuer)
  const options = { execute: [allowInsecureRequests] }
  const asMachine = await discovery(provider, 'reports', undefined, PrivateKeyJwt(privateKey), options)
  const { access_token: machineToken } = await clientCredentialsGrant(asMachine)
  const request = authorizationRequest(before, { client_id: 'portal', redirect_uri: redirectUri })
  const redirect = await signIn(new Browser(), request, 'alice')
  const fields = {
    grant_type: 'authorization_code',
    code: redirect.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    code_verifier: request.codeVerifier,
  }
  const { body } = await post(`${before.issuer}/token`, fields, basic({ id: 'portal', secret }))
  const tokens = [machineToken, body.access_token]
  for (const token of tokens) expect((await introspect(before, token)).body).toMatchObject({ active: true })
  const after = await startProvider({ storage })
  for (const token of tokens) {
    expect(await introspect(after, token)).toMatchObject({ status: 200, body: { active: false } })
  }
  await Promise.all([before.stop(), after.stop()])
  await storage.close()
})
