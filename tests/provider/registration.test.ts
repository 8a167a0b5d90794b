import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { redirectUriProblem } from '../../provider/registration.ts'
import { authorizationRequest, Browser, redeem, signIn } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

let running: RunningProvider
beforeAll(async () => {
  running = await startProvider()
})
afterAll(() => running.stop())

async function register(metadata: Record<string, unknown>) {
  const response = await fetch(`${running.issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'https://tool.example' },
    body: JSON.stringify(metadata),
  })
  const body: Record<string, unknown> = await response.json()
  return { status: response.status, headers: response.headers, body }
}

const loopback = { redirect_uris: ['http://localhost:1234/callback'], token_endpoint_auth_method: 'none' }

describe('redirectUriProblem', () => {
  it.each([
    'https://app.example/callback',
    'https://app.example:8443/callback?tenant=1',
    'http://localhost:1234/callback',
    'http://127.0.0.1/',
    'http://[::1]:80/callback',
    'com.example.app:/callback',
    'com.example.my-app2://callback',
  ])('accepts %s', (uri) => {
    expect(redirectUriProblem(uri)).toBeUndefined()
  })

  it.each([
    'http://evil.example/callback',
    'http://localhost.evil.example/callback',
    'http://192.168.1.1/callback',
    'https://*.example/callback',
    'https://user@evil.example/callback',
    'https://user:password@evil.example/',
    'https://@evil.example/',
    'https:evil.example',
    'https:///evil.example',
    'https://app.example/callback#fragment',
    'https://app.example/callback#',
    'https://app.example/callback?code=stolen',
    'https://app.example/callback?state=x',
    'https://app.example\\@evil.example/',
    'https://app.example/call back',
    'https://app.example/\u202ekcabllac',
    ' https://app.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'mailto:someone@example.com',
    'intent://scan/#Intent;end',
    'cursor://callback',
    'blob:https://app.example/x',
    '/callback',
    '',
  ])('refuses %j (attack 0d)', (uri) => {
    expect(redirectUriProblem(uri)).toEqual(expect.any(String))
  })
})

describe('POST /register', () => {
  it('registers a native client, which may then sign in on any loopback port', async () => {
    const { status, body } = await register({ ...loopback, client_name: 'Tool' })
    expect(status).toBe(201)
    expect(body).toMatchObject({ client_name: 'Tool', application_type: 'native' })
    expect(body).not.toHaveProperty('client_secret')
    expect(body).not.toHaveProperty('registration_access_token')
    const request = authorizationRequest(running, {
      client_id: String(body.client_id),
      redirect_uri: 'http://localhost:54321/callback',
    })
    const tokens = await redeem(running, request, await signIn(new Browser(), request, 'alice'))
    expect(tokens).toMatchObject({ status: 200, body: { scope: 'read' } })
  })

  it.each(['Ünïcode', '漢字', 'می‌خواهم', '👩‍💻 Tools', '❤️', 'हिन्दी'])(
    'takes the name %s',
    async (client_name) => {
      const { status, body } = await register({ ...loopback, client_name })
      expect([status, body.client_name]).toEqual([201, client_name])
    },
  )

  it('does not keep a scope, so that the client may ask for more later', async () => {
    const { body } = await register({ ...loopback, scope: 'openid' })
    expect(body).not.toHaveProperty('scope')
    const request = authorizationRequest(running, {
      client_id: String(body.client_id),
      redirect_uri: 'http://localhost:1234/callback',
      scope: 'read write',
    })
    const tokens = await redeem(running, request, await signIn(new Browser(), request, 'alice'))
    expect(tokens.body).toMatchObject({ scope: 'read write' })
  })

  it('keeps a client with https redirects a web client', async () => {
    const { body } = await register({ redirect_uris: ['https://app.example/callback'] })
    expect(body).toMatchObject({ application_type: 'web', client_secret: expect.any(String) })
  })

  it('does not keep URLs that it would have to fetch', async () => {
    const { status, body } = await register({
      ...loopback,
      sector_identifier_uri: 'https://internal.example/',
      jwks_uri: 'https://internal.example/jwks',
    })
    expect(status).toBe(201)
    expect(body).not.toHaveProperty('sector_identifier_uri')
    expect(body).not.toHaveProperty('jwks_uri')
  })

  it.each<[string, Record<string, unknown>]>([
    ['no redirect URI', { redirect_uris: [] }],
    ['redirect URIs that are no list', { redirect_uris: 'http://localhost/callback' }],
    ['redirect URIs that are no strings', { redirect_uris: [7] }],
    ['a foreign http redirect', { redirect_uris: ['http://evil.example/'] }],
    ['a script for a redirect', { redirect_uris: ['javascript:alert(1)'] }],
    [
      '2,000 redirects',
      { redirect_uris: Array.from({ length: 2_000 }, (_, i) => `https://app.example/${i}`) },
    ],
    ['a redirect of 2,000 characters', { redirect_uris: [`https://app.example/${'x'.repeat(2_000)}`] }],
    ['a name of 200 characters', { client_name: 'x'.repeat(200) }],
    ['a name that turns the text around it', { client_name: 'Tool \u202eelgooG' }],
    ['a name with control characters', { client_name: 'Tool\nInjected' }],
    ['a name of a blank', { client_name: ' ' }],
    ['a name that nobody sees', { client_name: '\u200b' }],
    ['a letter that nobody sees', { client_name: '\u3164' }],
    ['a name with a soft hyphen', { client_name: 'To\u00adol' }],
    ['a name of two lines', { client_name: 'Tool\u2028Verified' }],
    ['a letter under a pile of marks', { client_name: `a${'\u0301'.repeat(70)}` }],
    ['a name that is no string', { client_name: { toString: 'x' } }],
    ['client credentials', { grant_types: ['client_credentials'] }],
    ['the implicit grant', { grant_types: ['implicit'], response_types: ['token'] }],
    ['ID tokens from the authorization endpoint', { response_types: ['code id_token'] }],
    ['a private key', { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }] } }],
    ['another signature than ES256', { id_token_signed_response_alg: 'RS256' }],
  ])('answers %s with 400 (attack 26)', async (_what, metadata) => {
    const { status, body } = await register({ ...loopback, ...metadata })
    expect(status).toBe(400)
    expect(body).toMatchObject({ error: expect.stringMatching(/^invalid_(redirect_uri|client_metadata)$/) })
  })

  it.each([
    ['no JSON', '{', 'application/json'],
    ['a list', '[]', 'application/json'],
    ['a form', 'a=b', 'application/x-www-form-urlencoded'],
    ['57 KiB', JSON.stringify({ client_name: 'x'.repeat(57 * 1024) }), 'application/json'],
  ])('answers %s with 400', async (_what, body, type) => {
    const response = await fetch(`${running.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    })
    expect(response.status).toBe(400)
  })

  it('can be used by a script of any origin', async () => {
    const preflight = await fetch(`${running.issuer}/register`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://tool.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/content-type/i)
    expect((await register(loopback)).headers.get('access-control-allow-origin')).toBe('*')
    expect((await register({})).headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('a client that registers the example key of an RFC', () => {
  it('is refused with invalid_client_metadata, and one with a key of its own is not', async () => {
    const published = {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    }
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
    const withKeys = (...keys: object[]) =>
      register({ ...loopback, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys } })
    expect(await withKeys(own, published)).toMatchObject({
      status: 400,
      body: {
        error: 'invalid_client_metadata',
        error_description: expect.stringMatching(/example key of RFC 7515 A.3/),
      },
    })
    expect((await withKeys(own)).status).toBe(201)
  })
})
