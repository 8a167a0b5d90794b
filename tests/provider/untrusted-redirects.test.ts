import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { registerClient } from '../support/account-page.ts'
import { authorizationRequest, Browser, obtainTokens } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

let running: RunningProvider
let fresh: { client_id: string; redirect_uri: string }
beforeAll(async () => {
  running = await startProvider()
  fresh = await registerClient(running, 'Fresh', 'evil.example')
})
afterAll(() => running.stop())

const ask = (params: Record<string, string | undefined>, browser = new Browser()) =>
  browser.request(authorizationRequest(running, params).url)

describe('an error for a client that nobody vouches for (attack 9)', () => {
  it.each([
    ['prompt=none', { prompt: 'none' }, 'login_required'],
    ['an invalid scope', { scope: 'read\u00e9' }, 'invalid_scope'],
    ['a foreign resource', { resource: 'https://elsewhere.example/mcp' }, 'invalid_target'],
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['a fragment', { prompt: 'none', response_mode: 'fragment' }, 'login_required'],
  ])('of %s is shown, and the user decides whether to go on', async (_, params, error) => {
    const answer = await ask({ ...fresh, ...params })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(answer.document.text).toContain('evil.example')
    const link = answer.document
      .querySelector('a[href^="https://evil.example/callback"]')
      ?.getAttribute('href')
    const { search, hash } = new URL(link ?? '')
    expect(new URLSearchParams(search || hash.slice(1)).get('error')).toBe(error)
  })

  it('is not posted there either', async () => {
    const answer = await ask({ ...fresh, prompt: 'none', response_mode: 'form_post' })
    expect(answer.status).toBe(400)
    expect(answer.document.querySelector('form, script')).toBeNull()
    expect(answer.text).not.toContain('https://evil.example')
  })

  it('is sent on when the user has seen a page: after a denial', async () => {
    const browser = new Browser()
    const page = await browser.open(authorizationRequest(running, fresh).url)
    const answer = await browser.submit(page, 'cancel')
    expect(new URL(answer.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied')
  })

  it('comes also when the user is signed in and has allowed the client before', async () => {
    const browser = new Browser()
    await obtainTokens(running, 'alice', fresh, browser)
    const answer = await ask({ ...fresh, prompt: 'none' }, browser)
    expect(answer).toMatchObject({ status: 400 })
    expect(answer.document.text).toContain('consent_required')
  })
})

it('an error for a client that was set up here is sent to it', async () => {
  const answer = await ask({ prompt: 'none' })
  expect(new URL(answer.headers.get('location') ?? '').searchParams.get('error')).toBe('login_required')
})
