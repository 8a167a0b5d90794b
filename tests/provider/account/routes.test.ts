import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { application, applications, openAccountPage, registerClient } from '../../support/account-page.ts'
import { authorizationRequest, Browser, obtainTokens, post, redeem } from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

const lasting = { scope: 'openid offline_access read write', prompt: 'consent' }

let running: RunningProvider
beforeEach(async () => {
  running = await startProvider()
})
afterEach(() => running.stop())

describe('the page of connected applications', () => {
  it('asks who is there, by the login page, and says what for', async () => {
    const browser = new Browser()
    const login = await browser.open(`${running.issuer}/account`)
    expect(login.document.querySelector('h1')?.text).toBe('Sign in')
    expect(login.document.text).toContain('what has access to your account')
    const page = await openAccountPage(running, browser)
    expect(page).toMatchObject({ status: 200, url: `${running.issuer}/account` })
    expect(page.document.text).toMatch(/Signed in as alice/)
    expect(page.document.text).toContain('No application has access to your account.')
  })

  it('uses the session that a sign-in for an application has left', async () => {
    const browser = new Browser()
    await obtainTokens(running, 'alice', {}, browser)
    expect((await browser.request(`${running.issuer}/account`)).status).toBe(200)
  })

  it('shows nothing to somebody who does not sign in', async () => {
    const browser = new Browser()
    const page = await browser.submit(await browser.open(`${running.issuer}/account`), 'cancel')
    expect(page.document.querySelector('h1')?.text).toBe('You are not signed in')
  })

  it('shows each application with its scopes in words, last use, end, and who vouches for it', async () => {
    const { client_id, redirect_uri } = await registerClient(running, 'Helper', 'app.example')
    await obtainTokens(running, 'alice', { client_id, redirect_uri, scope: 'read' })
    await obtainTokens(running, 'alice', lasting)
    await obtainTokens(running, 'alice', lasting)
    await obtainTokens(running, 'bob', { client_id, redirect_uri })
    const page = await openAccountPage(running, new Browser())
    expect(applications(page)).toHaveLength(2)
    const [helper, client] = [application(page, 'Helper').text, application(page, 'MCP client').text]
    expect(helper).toMatch(
      /Not verified.*app\.example.*Read documents\s.*within the last hour.*within an hour/s,
    )
    expect(helper).not.toContain('Write documents')
    expect(client).toMatch(/Verified.*127\.0\.0\.1:43210/s)
    expect(client).toContain('Read documents · Write documents · Know who you are · Stay connected')
    expect(client).toMatch(/within the last hour, 2 sign-ins.*on \d+ \w+ \d{4}, unless it is used before/s)
  })

  it('no longer shows what has signed out', async () => {
    const { body } = await obtainTokens(running, 'alice', lasting)
    const { id: client_id } = running.config.client
    await post(`${running.issuer}/revoke`, { client_id, token: String(body.refresh_token) })
    expect(applications(await openAccountPage(running, new Browser()))).toHaveLength(0)
  })

  it('shows names as they are, and runs nothing in them (attack 11)', async () => {
    const name = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`
    const client = await registerClient(running, name, 'app.example')
    await obtainTokens(running, 'alice', client)
    const page = await openAccountPage(running, new Browser())
    expect(application(page, name)).toBeDefined()
    expect(page.document.querySelector('script, img')).toBeNull()
    expect(page.document.querySelector('li button')?.getAttribute('aria-label')).toBe(`Disconnect ${name}`)
  })

  it.each(['/account', '/account?error=access_denied'])(
    '%s cannot be framed or kept (attack 10)',
    async (path) => {
      const browser = new Browser()
      if (path === '/account') await openAccountPage(running, browser)
      const { headers, status } = await browser.request(running.issuer + path)
      expect(status).toBe(200)
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      })
    },
  )

  it('signs in without a token for anybody: its code is worth nothing', async () => {
    // Somebody starts the page’s sign-in with a verifier of their own, and gets hold of the code.
    const verifier = 'v'.repeat(43)
    const request = authorizationRequest(running, {
      client_id: 'gatehouse-account',
      redirect_uri: `${running.issuer}/account`,
      scope: 'openid offline_access read write',
      prompt: 'consent login',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    })
    const browser = new Browser()
    let page = await browser.request(request.url)
    page = await browser.open(new URL(page.headers.get('location') ?? '', running.issuer).href)
    page = await browser.submit(page, 'continue', { username: 'alice', password: 'password123' })
    expect(page).toMatchObject({ status: 200, url: `${running.issuer}/account` })
    const answer = await browser.request(request.url.replace(/prompt=[^&]*/, ''))
    const redirect = new URL(answer.headers.get('location') ?? '')
    expect(redirect.searchParams.get('code')).not.toBeNull()
    const tokens = await redeem(running, { ...request, codeVerifier: verifier }, redirect)
    expect(tokens).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(applications(await openAccountPage(running, browser))).toHaveLength(0)
  })
})
