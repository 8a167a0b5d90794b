import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { pino } from 'pino'
import { createStorageOver } from '../../provider/storage/create-storage-over.ts'
import { authorizationRequest, Browser, introspect, obtainTokens, post, refresh } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'
import { breakableStore } from '../support/stores.ts'

const store = breakableStore()
let running: RunningProvider
beforeAll(async () => {
  running = await startProvider({ storage: createStorageOver(store) })
})
afterAll(() => running.stop())
afterEach(() => {
  store.down = false
})

const securityHeaders = {
  'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

describe('pages', () => {
  it.each<[string, number, () => string, boolean?]>([
    ['the start page', 200, () => '/'],
    ['the login page', 200, () => authorizationRequest(running).url],
    ['an unknown address', 404, () => '/nowhere'],
    ['an unknown interaction', 403, () => '/interaction/unknown'],
    ['an unknown client', 400, () => authorizationRequest(running, { client_id: 'nobody' }).url],
    [
      'a foreign redirect',
      400,
      () => authorizationRequest(running, { redirect_uri: 'https://evil.example/' }).url,
    ],
    ['a resumption without a request', 400, () => '/authorize/unknown'],
    ['a broken store', 500, () => authorizationRequest(running).url, true],
  ])('carry the security headers: %s, %i (attacks 0f, 10)', async (_what, status, path, down = false) => {
    store.down = down
    const answer = await new Browser().open(new URL(path(), running.issuer).href)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(Object.fromEntries(answer.headers)).toMatchObject(securityHeaders)
    expect(answer.document.querySelector('h1')?.text).toEqual(expect.any(String))
    expect(answer.document.querySelector('script')).toBeNull()
  })

  it('show what they were sent as text', async () => {
    const markup = '<script>alert(1)</script>'
    for (const url of [
      authorizationRequest(running, { client_id: markup }).url,
      authorizationRequest(running, { redirect_uri: `https://evil.example/${markup}` }).url,
      authorizationRequest(running, { state: markup, client_id: 'nobody' }).url,
      `${running.issuer}/${markup}`,
    ]) {
      expect((await new Browser().open(url)).text).not.toContain('<script')
    }
  })

  it('come as JSON to a program that asks for it', async () => {
    const answer = await fetch(`${running.issuer}/nowhere`, { headers: { accept: 'application/json' } })
    expect(answer.status).toBe(404)
    expect(await answer.json()).toEqual({ error: 'not_found' })
  })

  it('say at the root what this is, with the test accounts', async () => {
    const { document } = await new Browser().open(running.issuer)
    for (const words of [
      'Authorization server',
      running.issuer,
      running.config.resource,
      '/introspect',
      'alice',
    ]) {
      expect(document.text).toContain(words)
    }
  })
})

describe('response_mode=form_post', () => {
  it('may run its own script and no other', async () => {
    const answer = await new Browser().open(
      authorizationRequest(running, { response_mode: 'form_post', resource: 'https://evil.example/' }).url,
    )
    expect(answer.headers.get('content-security-policy')).toMatch(/script-src 'sha256-[\w+/=]+'/)
    expect(answer.document.querySelector('input[name=error]')?.getAttribute('value')).toBe('invalid_target')
  })
})

describe('with the store down (attack 0b)', () => {
  it('logs the cause, and no token', async () => {
    const lines: string[] = []
    const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(line) })
    const broken = breakableStore()
    const logged = await startProvider({ storage: createStorageOver(broken), logger })
    const { body } = await obtainTokens(logged, 'alice')
    broken.down = true
    await introspect(logged, body.access_token)
    const page = await new Browser().open(authorizationRequest(logged).url)
    expect(page.status).toBe(500)
    expect(lines).toHaveLength(2)
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ level: 50, err: { message: 'connect ECONNREFUSED' } })
    expect(lines.join('')).not.toContain(String(body.access_token))
    await logged.stop()
  })

  it('introspection, revocation, refresh and registration answer 500, and work again afterwards', async () => {
    const offline = { scope: 'read offline_access', prompt: 'consent' }
    const { body } = await obtainTokens(running, 'alice', offline)
    const { issuer, config } = running
    store.down = true
    const answers = [
      await introspect(running, body.access_token),
      await post(`${issuer}/revoke`, { token: String(body.access_token), client_id: config.client.id }),
      await refresh(running, body.refresh_token),
    ]
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 500, body: { error: 'server_error' } })
    store.down = false
    expect((await introspect(running, body.access_token)).body).toMatchObject({ active: true })
    expect((await refresh(running, body.refresh_token)).status).toBe(200)
  })

  it('says nothing of the cause to the caller', async () => {
    const browser = new Browser()
    const page = await browser.open(authorizationRequest(running).url)
    store.down = true
    const answer = await browser.submit(page, 'continue', { username: 'alice', password: 'password123' })
    expect(answer.status).toBe(500)
    expect(answer.text).not.toContain('ECONNREFUSED')
    expect(answer.document.querySelector('h1')?.text).toBe('Something failed on this server')
  })
})
