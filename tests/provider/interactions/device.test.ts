import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  allowInsecureRequests,
  type Configuration,
  discovery,
  initiateDeviceAuthorization,
  None,
  pollDeviceAuthorizationGrant,
} from 'openid-client'
import { type Answer, Browser, introspect, post, refresh } from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

let running: RunningProvider
let configuration: Configuration
beforeAll(async () => {
  running = await startProvider()
  configuration = await discovery(new URL(running.issuer), 'test-client', undefined, None(), {
    execute: [allowInsecureRequests],
  })
})
afterAll(() => running.stop())

const start = (scope = 'read') => initiateDeviceAuthorization(configuration, { scope })
const enter = (browser: Browser, page: Answer, code: string) => press(browser, page, { user_code: code })

/** Submits the page's form with one of its buttons, or with fields filled in. */
async function press(browser: Browser, page: Answer, fields: Record<string, string>): Promise<Answer> {
  const form = page.document.querySelector('form')
  const body = new URLSearchParams()
  for (const input of form?.querySelectorAll('input') ?? []) {
    body.set(input.getAttribute('name') ?? '', input.getAttribute('value') ?? '')
  }
  for (const [name, value] of Object.entries(fields)) body.set(name, value)
  const action = new URL(form?.getAttribute('action') ?? '', page.url).href
  return browser.open(action, { method: 'POST', body })
}

/** Types the code, confirms it and signs alice in, up to the consent page. */
async function openConsent(browser: Browser, code: string): Promise<Answer> {
  const confirm = await enter(browser, await browser.open(`${running.issuer}/device`), code)
  const login = await press(browser, confirm, { confirm: 'yes' })
  return browser.submit(login, 'continue', { username: 'alice', password: 'password123' })
}

const redeem = (device_code: string) =>
  post(`${running.issuer}/token`, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: 'test-client',
    device_code,
  })

const heading = (page: Answer) => page.document.querySelector('h1')?.text

describe('the device flow', () => {
  it('gives a device the tokens that its user allowed, with a refresh token', async () => {
    const started = await start('read write admin offline_access')
    expect(started).toMatchObject({
      verification_uri: `${running.issuer}/device`,
      user_code: expect.stringMatching(/^[B-Z]{4}-[B-Z]{4}$/),
      interval: 5,
      expires_in: 600,
    })
    const browser = new Browser()
    const consent = await openConsent(browser, started.user_code)
    expect(consent.document.text).toContain('the device that shows the code')
    const done = await browser.submit(consent, 'allow')
    expect(heading(done)).toBe('The device is connected')
    // The library waits for one interval; the test need not.
    const tokens = await pollDeviceAuthorizationGrant(configuration, { ...started, interval: 0.01 })
    expect(tokens).toMatchObject({ scope: 'read write', refresh_token: expect.any(String) })
    expect((await introspect(running, tokens.access_token)).body).toMatchObject({
      active: true,
      username: 'alice',
      aud: running.config.resource,
    })
    expect((await refresh(running, tokens.refresh_token)).status).toBe(200)
  })

  it('takes a code however it is typed', async () => {
    const { user_code } = await start()
    const browser = new Browser()
    const typed = ` ${user_code.replace('-', ' ').toLowerCase()} `
    const confirm = await enter(browser, await browser.open(`${running.issuer}/device`), typed)
    expect(heading(confirm)).toBe('Is this your device?')
    expect(confirm.document.querySelector('.code')?.text).toBe(user_code)
    expect(confirm.document.text).toContain('MCP client')
    expect(confirm.document.querySelector('.warning')?.text).toMatch(/somebody send you this code/)
  })

  it('shows the code that comes with the link, and waits for the person', async () => {
    const { user_code, verification_uri_complete = '' } = await start()
    const page = await new Browser().open(verification_uri_complete)
    expect(page.status).toBe(200)
    expect(page.document.querySelector('#user_code')?.getAttribute('value')).toBe(user_code)
    expect(page.document.querySelector('script')).toBeNull()
    const hostile = await new Browser().open(`${running.issuer}/device?user_code=%22%3E%3Cb%3E`)
    expect(hostile.text).not.toContain('<b>')
  })

  it('gives nothing when the person cancels, at the code or at the consent page', async () => {
    const browser = new Browser()
    const first = await start()
    const confirm = await enter(browser, await browser.open(`${running.issuer}/device`), first.user_code)
    expect(heading(await press(browser, confirm, { abort: 'yes' }))).toBe('The device was not connected')
    const second = await start()
    const refused = await browser.submit(await openConsent(browser, second.user_code), 'deny')
    expect(heading(refused)).toBe('The device was not connected')
    for (const { device_code } of [first, second]) {
      expect((await redeem(device_code)).body).toMatchObject({ error: 'access_denied' })
    }
  })

  it('gives tokens to one of 25 polls at once', async () => {
    const { user_code, device_code } = await start()
    const browser = new Browser()
    await browser.submit(await openConsent(browser, user_code), 'allow')
    const answers = await Promise.all(Array.from({ length: 25 }, () => redeem(device_code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(24)
  })

  it('leaves a device what it got when a poll comes late or twice (RFC 8628 §3.4)', async () => {
    const { user_code, device_code } = await start('read offline_access')
    const browser = new Browser()
    await browser.submit(await openConsent(browser, user_code), 'allow')
    const first = await redeem(device_code)
    expect(first.status).toBe(200)
    for (const late of [await redeem(device_code), await redeem(device_code)]) {
      expect(late).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      expect(late.body).not.toHaveProperty('access_token')
    }
    expect((await introspect(running, first.body.access_token)).body).toMatchObject({ active: true })
    expect((await refresh(running, first.body.refresh_token)).status).toBe(200)
  })

  it('tells a device that asks too often to slow down', async () => {
    const { device_code } = await start()
    const errors: unknown[] = []
    for (let i = 0; i < 4; i++) errors.push((await redeem(device_code)).body.error)
    expect(errors).toEqual(['authorization_pending', 'authorization_pending', 'slow_down', 'slow_down'])
    const other = await start()
    expect((await redeem(other.device_code)).body.error).toBe('authorization_pending')
  })

  it('says what is wrong with a code', async () => {
    const browser = new Browser()
    const page = await browser.open(`${running.issuer}/device`)
    const wrong = await enter(browser, page, 'BCDF-GHJK')
    expect(wrong.status).toBe(422)
    expect(wrong.document.querySelector('[role=alert]')?.text).toMatch(/no such code/)
    expect(wrong.document.querySelector('#user_code')?.getAttribute('value')).toBe('BCDF-GHJK')
    const none = await enter(browser, wrong, '')
    expect(none.document.querySelector('[role=alert]')?.text).toMatch(/Enter the code/)
    const { user_code } = await start()
    await openConsent(browser, user_code)
    const used = await enter(new Browser(), await browser.open(`${running.issuer}/device`), user_code)
    expect(used.status).not.toBe(200)
    const again = await enter(browser, await browser.open(`${running.issuer}/device`), user_code)
    expect(again.document.querySelector('[role=alert]')?.text).toMatch(/used before/)
  })

  it('takes no form that was not made for this browser (attack 12)', async () => {
    const { user_code } = await start()
    const browser = new Browser()
    const page = await browser.open(`${running.issuer}/device`)
    const foreign = await enter(new Browser(), page, user_code)
    expect(foreign.status).toBe(400)
    expect(heading(foreign)).toBe('This page can no longer be used')
    const forged = await press(browser, page, { user_code, xsrf: 'x'.repeat(48), confirm: 'yes' })
    expect(forged.status).toBe(400)
  })

  it('is closed to clients that registered themselves', async () => {
    const response = await fetch(`${running.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        redirect_uris: ['http://localhost/callback'],
        grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
        token_endpoint_auth_method: 'none',
      }),
    })
    const { client_id, grant_types } = await response.json()
    expect(grant_types).toEqual(['authorization_code'])
    const answer = await post(`${running.issuer}/device/auth`, { client_id })
    expect(answer).toMatchObject({ status: 400, body: { error: expect.any(String) } })
    expect(answer.body).not.toHaveProperty('user_code')
  })
})

describe('guessing codes', () => {
  it('ends at 429 with Retry-After, for a browser and for an address', async () => {
    const guarded = await startProvider()
    const tryOnce = async (browser: Browser, path = '/device') => {
      const page = await browser.open(`${guarded.issuer}/device`)
      const body = new URLSearchParams({ user_code: 'BCDF-GHJK' })
      body.set('xsrf', page.document.querySelector('[name=xsrf]')?.getAttribute('value') ?? '')
      return browser.request(`${guarded.issuer}${path}`, { method: 'POST', body })
    }
    const browser = new Browser()
    for (let i = 0; i < 15; i++) expect((await tryOnce(browser)).status).toBe(422)
    const limited = await tryOnce(browser)
    expect(limited.status).toBe(429)
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(heading(limited)).toBe('Too many attempts')
    for (let i = 0; i < 14; i++) expect((await tryOnce(new Browser())).status).toBe(422)
    expect((await tryOnce(new Browser())).status).toBe(429)
    // Other spellings are no way around.
    for (const path of ['/Device', '/device/', '/DEVICE/']) {
      expect((await tryOnce(new Browser(), path)).status).toBe(404)
    }
    await guarded.stop()
  })
})
