import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
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

let running: RunningProvider
beforeAll(async () => {
  running = await startProvider()
})
afterAll(() => running.stop())

describe('scopes', () => {
  it.each([
    ['alice', 'read write'],
    ['bob', 'read'],
    ['admin', 'read write admin'],
  ])('cuts what %s asks for to “%s”', async (username, scope) => {
    const { body } = await obtainTokens(running, username, { scope: 'read write admin' })
    expect(body).toMatchObject({ scope, token_type: 'Bearer', expires_in: 3600 })
    expect((await introspect(running, body.access_token)).body).toMatchObject({ scope, username })
  })

  it('gives a request without scope read', async () => {
    expect((await obtainTokens(running, 'admin', { scope: undefined })).body).toMatchObject({ scope: 'read' })
  })

  it('gives a pushed request without scope read', async () => {
    const request = authorizationRequest(running, { scope: undefined })
    const parameters = Object.fromEntries(new URL(request.url).searchParams)
    const pushed = await post(`${running.issuer}/par`, parameters)
    expect(pushed.status).toBe(201)
    const url = new URL('/authorize', running.issuer)
    url.searchParams.set('client_id', request.clientId)
    url.searchParams.set('request_uri', String(pushed.body.request_uri))
    const redirect = await signIn(new Browser(), { ...request, url: url.href }, 'admin')
    expect((await redeem(running, request, redirect)).body).toMatchObject({ scope: 'read' })
  })

  it('tells the client of a user who may nothing of it', async () => {
    const browser = new Browser()
    const login = await browser.open(authorizationRequest(running, { scope: 'admin' }).url)
    const page = await browser.submit(login, 'continue', { username: 'bob', password: 'secret456' })
    expect(page.document.querySelector('h1')?.text).toBe('There is nothing to allow')
    expect(page.document.querySelector('button[value=allow]')).toBeNull()
    const refused = await browser.submit(page, 'deny')
    expect(new URL(refused.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied')
  })

  it('ends in access_denied, without a code, when that is allowed all the same', async () => {
    const browser = new Browser()
    const login = await browser.open(authorizationRequest(running, { scope: 'admin' }).url)
    const page = await browser.submit(login, 'continue', { username: 'bob', password: 'secret456' })
    const answer = await browser.submit(page, 'allow')
    const { searchParams } = new URL(answer.headers.get('location') ?? '')
    expect(searchParams.get('error')).toBe('access_denied')
    expect(searchParams.get('code')).toBeNull()
  })

  it('refuses a wider scope at refresh', async () => {
    const tokens = await obtainTokens(running, 'alice', { scope: 'read offline_access', prompt: 'consent' })
    const answer = await refresh(running, tokens.body.refresh_token, { scope: 'read write' })
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })
})

describe('resources', () => {
  it('issues tokens for the resource when the client names none', async () => {
    const { body } = await obtainTokens(running, 'alice', { resource: undefined })
    expect((await introspect(running, body.access_token)).body).toMatchObject({
      aud: running.config.resource,
    })
  })

  it.each([
    'https://evil.example/mcp',
    'http://localhost:8000/mcp/',
    'http://localhost:8000/mcp/other',
    'http://localhost:8000/mcp#fragment',
    'not a URI',
  ])('answers the resource %s with invalid_target (attack 6)', async (resource) => {
    const answer = await new Browser().open(authorizationRequest(running, { resource }).url)
    const { searchParams } = new URL(answer.headers.get('location') ?? '')
    expect(searchParams.get('error')).toBe('invalid_target')
    expect(searchParams.get('iss')).toBe(running.issuer)
  })

  it('answers another resource at refresh with invalid_target, and the token can still be used (attack 22)', async () => {
    const tokens = await obtainTokens(running, 'alice', { scope: 'read offline_access', prompt: 'consent' })
    const other = await refresh(running, tokens.body.refresh_token, {
      resource: 'https://evil.example/mcp',
    })
    expect(other).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
    expect((await refresh(running, tokens.body.refresh_token)).status).toBe(200)
  })
})
