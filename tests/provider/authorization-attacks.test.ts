import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  authorizationRequest,
  Browser,
  obtainTokens,
  post,
  redeem,
  refresh,
  signIn,
} from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

let running: RunningProvider
beforeAll(async () => {
  running = await startProvider()
})
afterAll(() => running.stop())

const open = (url: string) => new Browser().open(url)

/** The authorization response in a redirect. */
const responseOf = (location: string | null) => Object.fromEntries(new URL(location ?? '').searchParams)

describe('an authorization request', () => {
  it.each([
    'http://127.0.0.1:1234/callback%0d%0aLocation:%20https://evil.example',
    'http://127.0.0.1:1234/callback\r\nLocation: https://evil.example',
    'http://127.0.0.1:1234/oauth/../callback',
    'http://127.0.0.1:1234/oauth/%2e%2e/callback',
    'http://127.0.0.1:1234/callback%2f',
    'http://127.0.0.1:1234/callback/',
    'http://127.0.0.1:1234/callback#',
    'http://127.0.0.1:1234//callback',
    '//127.0.0.1/callback',
    'javascript:alert(1)',
  ])('that wants to be answered at %j stays here (attack 1)', async (redirect_uri) => {
    const answer = await open(authorizationRequest(running, { redirect_uri }).url)
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
  })

  it.each(['http://localhost:1234/other', 'http://127.0.0.1:1234/oauth', 'https://127.0.0.1:1234/callback'])(
    'that wants to be answered at the loopback address %s stays here (attack 2)',
    async (redirect_uri) => {
      const answer = await open(authorizationRequest(running, { redirect_uri }).url)
      expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
    },
  )

  it('that mixes up localhost and 127.0.0.1 stays here (attack 2)', async () => {
    const registered = await fetch(`${running.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        redirect_uris: ['http://localhost/callback'],
        token_endpoint_auth_method: 'none',
      }),
    })
    const { client_id } = await registered.json()
    const at = (redirect_uri: string) => open(authorizationRequest(running, { client_id, redirect_uri }).url)
    expect((await at('http://127.0.0.1:1234/callback')).status).toBe(400)
    expect((await at('http://localhost:1234/callback')).status).toBe(200)
  })

  it.each(['client_id', 'redirect_uri', 'scope', 'state', 'code_challenge', 'response_type'])(
    'with %s twice is refused (attack 4)',
    async (name) => {
      const url = new URL(authorizationRequest(running).url)
      url.searchParams.append(name, url.searchParams.get(name) ?? '')
      const answer = await open(url.href)
      const location = answer.headers.get('location')
      if (location === null) expect(answer.status).toBe(400)
      else expect(responseOf(location)).toMatchObject({ error: 'invalid_request' })
    },
  )

  it('may name the resource twice (attack 4, RFC 8707)', async () => {
    const url = new URL(authorizationRequest(running).url)
    url.searchParams.append('resource', running.config.resource)
    expect((await open(url.href)).document.querySelector('#password')).not.toBeNull()
  })

  it.each(['code=stolen', 'code=', 'state=x&code=y'])(
    'whose redirect URI brings ?%s stays here (attack 5)',
    async (query) => {
      const redirect_uri = `http://127.0.0.1:1234/callback?${query}`
      const answer = await open(authorizationRequest(running, { redirect_uri }).url)
      expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
    },
  )

  it.each([
    'https://evil.example/mcp',
    'http://localhost:8000/mcp#fragment',
    'http://localhost:8000/mcp/',
    'mcp',
  ])('for the resource %s is an invalid target (attack 6)', async (resource) => {
    const answer = await open(authorizationRequest(running, { resource }).url)
    expect(responseOf(answer.headers.get('location'))).toMatchObject({ error: 'invalid_target' })
  })

  it('with a scope of 100 kB is refused before anything is done with it (attack 7)', async () => {
    const scope = 'x'.repeat(100_000)
    expect((await fetch(authorizationRequest(running, { scope }).url, { redirect: 'manual' })).status).toBe(
      431,
    )
    const fields = Object.fromEntries(new URL(authorizationRequest(running, { scope }).url).searchParams)
    expect(await post(`${running.issuer}/par`, fields)).toMatchObject({ status: 400 })
  })

  it.each<[string, Record<string, string | undefined>]>([
    ['an unknown response type', { response_type: 'token' }],
    ['no PKCE', { code_challenge: undefined }],
    ['an unknown prompt', { prompt: 'nonsense' }],
    ['another resource', { resource: 'https://evil.example/mcp' }],
    ['prompt=none', { prompt: 'none' }],
  ])('that fails because of %s is answered with the issuer, once (attack 8)', async (_what, params) => {
    const location = new URL(
      (await open(authorizationRequest(running, params).url)).headers.get('location') ?? '',
    )
    const response = location.searchParams.has('error')
      ? location.searchParams
      : new URLSearchParams(location.hash.slice(1))
    expect(response.getAll('iss')).toEqual([running.issuer])
    expect(response.getAll('state')).toEqual(['a-state'])
  })
})

describe('a pushed authorization request', () => {
  const push = async () => {
    const request = authorizationRequest(running)
    const pushed = await post(`${running.issuer}/par`, Object.fromEntries(new URL(request.url).searchParams))
    const url = new URL('/authorize', running.issuer)
    url.searchParams.set('client_id', request.clientId)
    url.searchParams.set('request_uri', String(pushed.body.request_uri))
    return { ...request, url: url.href }
  }

  it('is good for one sign-in', async () => {
    const request = await push()
    const browser = new Browser()
    expect((await redeem(running, request, await signIn(browser, request, 'alice'))).status).toBe(200)
    const again = await browser.open(request.url)
    const location = again.headers.get('location')
    expect(location === null ? again.document.text : location).toMatch(/invalid_request_uri/)
  })

  it('is of no use to another client', async () => {
    const request = await push()
    const answer = await open(request.url.replace('client_id=test-client', 'client_id=mcp-server'))
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
  })
})

describe('the token endpoint', () => {
  const code = async (params = {}) => {
    const request = authorizationRequest(running, params)
    return { request, redirect: await signIn(new Browser(), request, 'alice') }
  }

  it('takes no code without its verifier, and does not burn it for that (attack 19)', async () => {
    const { request, redirect } = await code()
    const without = await redeem(running, { ...request, codeVerifier: '' }, redirect)
    expect(without.status).toBe(400)
    expect((await redeem(running, request, redirect)).status).toBe(200)
  })

  it('takes no code from another client (attack 20)', async () => {
    const registered = await fetch(`${running.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        redirect_uris: ['http://127.0.0.1/callback'],
        token_endpoint_auth_method: 'none',
      }),
    })
    const { client_id } = await registered.json()
    const { request, redirect } = await code()
    const stolen = await redeem(running, { ...request, clientId: client_id }, redirect)
    expect(stolen.body).toMatchObject({ error: 'invalid_grant' })
    expect((await redeem(running, request, redirect)).status).toBe(200)
  })

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['none', {}, {}],
    ['a header that is no Basic', {}, { authorization: 'Bearer x' }],
    ['Basic without a colon', {}, { authorization: `Basic ${btoa('mcp-server')}` }],
    ['Basic that is no base64', {}, { authorization: 'Basic %%%' }],
    [
      'two mechanisms',
      { client_secret: 'x', client_id: 'mcp-server' },
      { authorization: `Basic ${btoa('mcp-server:x')}` },
    ],
    ['two identifiers', { client_id: 'test-client' }, { authorization: `Basic ${btoa('mcp-server:x')}` }],
    ['an assertion that is no JWT', { client_assertion: 'x', client_assertion_type: 'x' }, {}],
  ])('answers client authentication by %s with 401 (attack 20)', async (_what, fields, headers) => {
    const all = { grant_type: 'authorization_code', token: 'x', ...fields }
    for (const path of ['/token', '/introspect', '/revoke', '/par', '/device/auth']) {
      const answer = await post(`${running.issuer}${path}`, all, headers)
      expect([path, answer.status, answer.body.error]).toEqual([path, 401, 'invalid_client'])
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /)
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
  })

  it('answers a refresh for another resource with invalid_target, and rotates nothing (attack 22)', async () => {
    const { body } = await obtainTokens(running, 'alice', { scope: 'read offline_access', prompt: 'consent' })
    const foreign = await refresh(running, body.refresh_token, { resource: 'https://evil.example/mcp' })
    expect(foreign.body).toMatchObject({ error: 'invalid_target' })
    expect((await refresh(running, body.refresh_token)).status).toBe(200)
  })
})
