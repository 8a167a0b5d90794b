import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createStorageOver } from '../../provider/storage/create-storage-over.ts'
import {
  authorizationRequest,
  Browser,
  introspect,
  obtainTokens,
  post,
  redeem,
  refresh,
  signIn,
} from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'
import { slowStore } from '../support/stores.ts'

const offline = { scope: 'read offline_access', prompt: 'consent' }
let running: RunningProvider
beforeAll(async () => {
  running = await startProvider({ storage: createStorageOver(slowStore()) })
})
afterAll(() => running.stop())

describe('authorization codes', () => {
  it('come with the issuer and the state', async () => {
    const redirect = await signIn(new Browser(), authorizationRequest(running), 'alice')
    expect(redirect.searchParams.getAll('iss')).toEqual([running.issuer])
    expect(redirect.searchParams.getAll('state')).toEqual(['a-state'])
  })

  it('buy one set of tokens, however many redeem one at once, and the replay ends that too (attack 17)', async () => {
    const request = authorizationRequest(running)
    const redirect = await signIn(new Browser(), request, 'alice')
    const answers = await Promise.all(Array.from({ length: 25 }, () => redeem(running, request, redirect)))
    const [winner, ...others] = answers.filter(({ status }) => status === 200)
    expect(others).toEqual([])
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(24)
    expect((await introspect(running, winner?.body.access_token)).body).toEqual({ active: false })
  })

  it('end their grant when they are used again later', async () => {
    const request = authorizationRequest(running, offline)
    const redirect = await signIn(new Browser(), request, 'alice')
    const { body } = await redeem(running, request, redirect)
    expect((await introspect(running, body.access_token)).body).toMatchObject({ active: true })
    expect((await redeem(running, request, redirect)).body).toMatchObject({ error: 'invalid_grant' })
    expect((await introspect(running, body.access_token)).body).toEqual({ active: false })
    expect((await refresh(running, body.refresh_token)).body).toMatchObject({ error: 'invalid_grant' })
  })

  it('end nothing when the replay brings a wrong verifier', async () => {
    const request = authorizationRequest(running)
    const redirect = await signIn(new Browser(), request, 'alice')
    const { body } = await redeem(running, request, redirect)
    const thief = { ...request, codeVerifier: 'x'.repeat(43) }
    expect((await redeem(running, thief, redirect)).body).toMatchObject({ error: 'invalid_grant' })
    expect((await introspect(running, body.access_token)).body).toMatchObject({ active: true })
  })

  it('survive a wrong redirect_uri (attack 19)', async () => {
    const request = authorizationRequest(running)
    const redirect = await signIn(new Browser(), request, 'alice')
    const elsewhere = { ...request, redirectUri: 'http://127.0.0.1:1/callback' }
    expect((await redeem(running, elsewhere, redirect)).body).toMatchObject({ error: 'invalid_grant' })
    expect((await redeem(running, request, redirect)).status).toBe(200)
  })
})

describe('PKCE', () => {
  it.each<[string, Record<string, string | undefined>]>([
    ['absent', { code_challenge: undefined, code_challenge_method: undefined }],
    ['plain', { code_challenge_method: 'plain' }],
    ['plain by default', { code_challenge_method: undefined }],
  ])('that is %s is answered with invalid_request and no code (attack 3)', async (_what, params) => {
    const answer = await new Browser().open(authorizationRequest(running, params).url)
    const { searchParams } = new URL(answer.headers.get('location') ?? '')
    expect(searchParams.get('error')).toBe('invalid_request')
    expect(searchParams.has('code')).toBe(false)
  })

  it('is asked of the code’s redeemer', async () => {
    const request = authorizationRequest(running)
    const redirect = await signIn(new Browser(), request, 'alice')
    const answer = await redeem(running, { ...request, codeVerifier: 'x'.repeat(43) }, redirect)
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })
})

describe('authorization requests', () => {
  it.each([
    'https://evil.example/callback',
    'http://127.0.0.1:1234/other',
    'http://127.0.0.1:1234/callback?extra=1',
    'http://127.0.0.1:1234/callback#fragment',
    'http://127.0.0.1:1234/callback/../callback',
    'http://127.0.0.1:1234/%63allback',
    'http://127.0.0.1.evil.example/callback',
    'http://127.0.0.2:1234/callback',
    'http://user@127.0.0.1/callback',
  ])('that want to be answered at %s stay here (attacks 1, 2)', async (redirect_uri) => {
    const answer = await new Browser().open(authorizationRequest(running, { redirect_uri }).url)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
    expect(answer.headers.get('content-type')).toContain('text/html')
  })

  it.each([
    'http://127.0.0.1:1/callback',
    'http://localhost:65535/callback',
    'http://[::1]:8080/oauth/callback',
  ])('may be answered at %s', async (redirect_uri) => {
    const request = authorizationRequest(running, { redirect_uri })
    const redirect = await signIn(new Browser(), request, 'alice')
    expect(redirect.href.startsWith(redirect_uri)).toBe(true)
    expect((await redeem(running, request, redirect)).status).toBe(200)
  })

  it.each(['token', 'id_token', 'code id_token', 'none'])(
    'with response type %s are refused (attack 4)',
    async (type) => {
      const answer = await new Browser().open(
        authorizationRequest(running, { response_type: type, scope: 'openid', nonce: 'n' }).url,
      )
      const { searchParams, hash } = new URL(answer.headers.get('location') ?? '')
      const fragment = new URLSearchParams(hash.slice(1))
      expect(searchParams.get('error') ?? fragment.get('error')).toBe('unsupported_response_type')
    },
  )
})

describe('refresh tokens', () => {
  it('come only with offline_access and consent', async () => {
    expect((await obtainTokens(running, 'alice')).body).not.toHaveProperty('refresh_token')
    expect((await obtainTokens(running, 'alice', offline)).body).toHaveProperty('refresh_token')
  })

  it('rotate, and the old access token lives on', async () => {
    const first = await obtainTokens(running, 'alice', offline)
    const second = await refresh(running, first.body.refresh_token)
    expect(second.status).toBe(200)
    expect(second.body.refresh_token).not.toBe(first.body.refresh_token)
    for (const { body } of [first, second]) {
      expect((await introspect(running, body.access_token)).body).toMatchObject({
        active: true,
        scope: 'read',
      })
    }
    expect((await refresh(running, second.body.refresh_token)).status).toBe(200)
  })

  it('end their whole family when one is used again (attack 18)', async () => {
    const first = await obtainTokens(running, 'alice', offline)
    const second = await refresh(running, first.body.refresh_token)
    expect((await refresh(running, first.body.refresh_token)).body).toMatchObject({ error: 'invalid_grant' })
    expect((await refresh(running, second.body.refresh_token)).body).toMatchObject({ error: 'invalid_grant' })
    for (const { body } of [first, second]) {
      expect((await introspect(running, body.access_token)).body).toEqual({ active: false })
    }
  })

  it('can be used by one of 25 at once', async () => {
    const { body } = await obtainTokens(running, 'alice', offline)
    const answers = await Promise.all(Array.from({ length: 25 }, () => refresh(running, body.refresh_token)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ body: { error } }) => error === 'invalid_grant')).toHaveLength(24)
  })

  it('are of no use to another client', async () => {
    const { body } = await obtainTokens(running, 'alice', offline)
    const registered = await fetch(`${running.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        redirect_uris: ['http://localhost/callback'],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
      }),
    })
    const { client_id } = await registered.json()
    expect((await refresh(running, body.refresh_token, { client_id })).body).toMatchObject({
      error: 'invalid_grant',
    })
    expect((await refresh(running, body.refresh_token)).status).toBe(200)
  })

  it('of an earlier login go on after a later one in the same browser', async () => {
    const browser = new Browser()
    const first = await obtainTokens(running, 'alice', offline, browser)
    const second = await obtainTokens(
      running,
      'alice',
      { ...offline, scope: 'write offline_access' },
      browser,
    )
    expect(second.body).toMatchObject({ scope: 'write' })
    expect((await refresh(running, first.body.refresh_token)).body).toMatchObject({ scope: 'read' })
    expect((await refresh(running, second.body.refresh_token)).body).toMatchObject({ scope: 'write' })
  })
})

describe('the token endpoint', () => {
  it.each<[string, RequestInit]>([
    ['GET', { method: 'GET' }],
    ['JSON', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }],
    ['57 KiB', { method: 'POST', body: new URLSearchParams({ code: 'x'.repeat(57 * 1024) }) }],
    ['no client', { method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code' }) }],
  ])('answers %s with an error that no cache keeps (attack 21)', async (_what, init) => {
    const response = await fetch(`${running.issuer}/token`, init)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.status).toBeLessThan(500)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it('gives a client that acts for people nothing of its own', async () => {
    const answer = await post(`${running.issuer}/token`, {
      grant_type: 'client_credentials',
      client_id: running.config.client.id,
    })
    expect(answer).toMatchObject({ status: 400, body: { error: expect.any(String) } })
    expect(answer.body).not.toHaveProperty('access_token')
  })
})

it('every token and code holds at least 128 random bits (attack 50)', async () => {
  const request = authorizationRequest(running, offline)
  const redirect = await signIn(new Browser(), request, 'alice')
  const { body } = await redeem(running, request, redirect)
  const secrets = [redirect.searchParams.get('code'), body.access_token, body.refresh_token].map(String)
  expect(new Set(secrets).size).toBe(3)
  // 22 characters of base64url are 132 bits.
  for (const secret of secrets) expect(secret).toMatch(/^[\w-]{22,}$/)
})
