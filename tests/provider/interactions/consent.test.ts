import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { authorizationRequest, Browser, form, obtainTokens } from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

let running: RunningProvider
beforeAll(async () => {
  running = await startProvider()
})
afterAll(() => running.stop())

/** Signs alice in and stops at the consent page. */
async function openConsent(params: Record<string, string | undefined> = {}, browser = new Browser()) {
  const page = await browser.open(authorizationRequest(running, params).url)
  return page.document.querySelector('#password')
    ? browser.submit(page, 'continue', { username: 'alice', password: 'password123' })
    : page
}

async function register(metadata: Record<string, unknown>): Promise<string> {
  const response = await fetch(`${running.issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token_endpoint_auth_method: 'none', ...metadata }),
  })
  return (await response.json()).client_id
}

const everything = { scope: 'openid offline_access read write', prompt: 'consent' }

describe('consent', () => {
  it('names the client, where the answer goes, the server, the user, the scopes in words and the time (attack 14)', async () => {
    const { document, status } = await openConsent(everything)
    expect(status).toBe(200)
    for (const words of [
      'MCP client',
      '127.0.0.1:43210',
      running.config.resource,
      'alice',
      'Read documents',
      'Write documents',
      'Know who you are',
      'Stay connected',
      '1 hour',
      'connected applications',
      '90 days',
    ]) {
      expect(document.text).toContain(words)
    }
    expect(document.querySelector('.warning')).toBeNull()
    expect(document.querySelector('script')).toBeNull()
  })

  it('names only what is asked for', async () => {
    const { document } = await openConsent({ scope: 'read' })
    expect(document.text).toContain('Read documents')
    expect(document.text).not.toContain('Write documents')
    expect(document.text).not.toContain('90 days')
  })

  it('says what the account cannot give', async () => {
    const { document } = await openConsent({ scope: 'read admin' })
    expect(document.text).toContain('not open to your account: admin')
    expect(document.text).not.toContain('Administer')
  })

  it('shows a registered client as unverified, and its name as text (attack 11)', async () => {
    const client_id = await register({
      client_name: '<img src=x onerror=alert(1)>',
      redirect_uris: ['https://app.example/callback'],
    })
    const { document, text } = await openConsent({ client_id, redirect_uri: 'https://app.example/callback' })
    expect(document.querySelector('.warning')?.text).toMatch(/Not verified.*app\.example/s)
    expect(document.querySelector('bdi')?.text).toBe('<img src=x onerror=alert(1)>')
    expect(document.querySelector('img')).toBeNull()
    expect(text).not.toContain('<img')
    expect(document.text).not.toContain('runs on this computer')
  })

  it('says when the application runs on this computer', async () => {
    expect((await openConsent()).document.text).toContain('runs on this computer')
  })

  it('warns of programs that pretend when this answer goes to one, whatever other redirects there are (attack 11)', async () => {
    const client_id = await register({
      application_type: 'native',
      redirect_uris: ['https://editor.example/callback', 'http://127.0.0.1/callback'],
    })
    const consent = async (redirect_uri: string) =>
      (await openConsent({ client_id, redirect_uri })).document.querySelector('.warning')?.text
    expect(await consent('http://127.0.0.1:43210/callback')).toContain('any other program can pretend')
    expect(await consent('https://editor.example/callback')).not.toContain('any other program')
  })

  it('that is denied tells the client, with state and issuer, and grants nothing', async () => {
    const browser = new Browser()
    const answer = await browser.submit(await openConsent({}, browser), 'deny')
    const { searchParams } = new URL(answer.headers.get('location') ?? '')
    expect(Object.fromEntries(searchParams)).toEqual({
      error: 'access_denied',
      error_description: expect.any(String),
      state: 'a-state',
      iss: running.issuer,
    })
  })

  it('is not given by a form without a decision', async () => {
    const browser = new Browser()
    const { action, body } = form(await openConsent({}, browser), 'allow')
    body.delete('decision')
    const answer = await browser.open(action, { method: 'POST', body })
    expect(new URL(answer.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied')
  })

  it('is not given by a form without its token (attack 12)', async () => {
    const browser = new Browser()
    const { action, body } = form(await openConsent({}, browser), 'allow')
    body.delete('form_token')
    expect((await browser.request(action, { method: 'POST', body })).status).toBe(403)
  })

  it('is asked of a native client each time (attack 13)', async () => {
    const browser = new Browser()
    await obtainTokens(running, 'alice', {}, browser)
    const again = await browser.open(authorizationRequest(running).url)
    expect(again.document.querySelector('button[value=allow]')).not.toBeNull()
  })

  it('answers a silent request of a native client with interaction_required', async () => {
    const browser = new Browser()
    await obtainTokens(running, 'alice', {}, browser)
    const answer = await browser.open(authorizationRequest(running, { prompt: 'none' }).url)
    const { searchParams } = new URL(answer.headers.get('location') ?? '')
    expect(searchParams.get('error')).toBe('interaction_required')
  })
})
