import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { authorizationRequest, Browser, form, signIn } from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

let running: RunningProvider
beforeAll(async () => {
  running = await startProvider()
})
afterAll(() => running.stop())

const open = (browser: Browser, params = {}) => browser.open(authorizationRequest(running, params).url)
const right = { username: 'alice', password: 'password123' }

/** The page without what differs by chance. */
const comparable = (text: string) => text.replace(/value="[^"]*"|\/interaction\/[\w-]+/g, '')

describe('login', () => {
  it('asks in labelled fields that a password manager understands, without a script', async () => {
    const { document, status } = await open(new Browser())
    expect(status).toBe(200)
    for (const [id, autocomplete] of [
      ['username', 'username'],
      ['password', 'current-password'],
    ]) {
      expect(document.querySelector(`label[for=${id}]`)).not.toBeNull()
      expect(document.querySelector(`#${id}`)?.getAttribute('autocomplete')).toBe(autocomplete)
    }
    expect(document.querySelector('script')).toBeNull()
  })

  it('says who asks and for which server, and shows the test accounts', async () => {
    const { document } = await open(new Browser())
    expect(document.text).toContain('MCP client')
    expect(document.text).toContain(running.config.resource)
    expect(document.text).toContain('password123')
  })

  it('answers the right password with 303 (attack 15)', async () => {
    const browser = new Browser()
    const { action, body } = form(await open(browser), 'continue', right)
    const answer = await browser.request(action, { method: 'POST', body })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toContain(`${running.issuer}/authorize/`)
  })

  it('answers a wrong password with the page again: the name filled in, the problem tied to the fields', async () => {
    const browser = new Browser()
    const fields = { username: 'alice', password: 'wrong-password' }
    const answer = await browser.submit(await open(browser), 'continue', fields)
    expect(answer.status).toBe(422)
    expect(answer.document.querySelector('#username')?.getAttribute('value')).toBe('alice')
    expect(answer.document.querySelector('#password')?.getAttribute('value')).toBeUndefined()
    expect(answer.document.querySelector('#problem')?.getAttribute('role')).toBe('alert')
    expect(answer.document.querySelector('#password')?.getAttribute('aria-describedby')).toBe('problem')
    expect(answer.text).not.toContain('wrong-password')
    const retried = await browser.submit(answer, 'continue', right)
    expect(retried.document.querySelector('button[value=allow]')).not.toBeNull()
  })

  it('lasts a day from use to use, and 30 days in all', async () => {
    const browser = new Browser()
    await signIn(browser, authorizationRequest(running), 'alice')
    const secondsLeft = async () => {
      await open(browser)
      const cookies = await browser.jar.getCookies(running.issuer)
      const session = cookies.find(({ key }) => key === 'gatehouse_session')
      const left = (Number(session?.expires) - Date.now()) / 1000
      return { id: String(session?.value), left }
    }
    const { id, left } = await secondsLeft()
    expect(left).toBeGreaterThan(86_000)
    expect(left).toBeLessThanOrEqual(86_400)
    const session = await running.server.provider.Session.find(id)
    if (!session) throw new Error('There is no session.')
    session.loginTs = Number(session.loginTs) - 30 * 86_400 + 3600
    await session.persist()
    const later = await secondsLeft()
    expect(later.left).toBeGreaterThan(3500)
    expect(later.left).toBeLessThanOrEqual(3600)
  })

  it('answers an unknown user exactly as a wrong password (attack 16)', async () => {
    const answers = []
    for (const username of ['alice', 'mallory', '__proto__']) {
      const browser = new Browser()
      answers.push(await browser.submit(await open(browser), 'continue', { username, password: 'wrong' }))
    }
    const [wrong, ...unknown] = answers.map(({ status, text }) => [status, comparable(text)])
    for (const answer of unknown) expect(answer).toEqual(wrong)
  })

  it('fills in the login hint, as text', async () => {
    const { document, text } = await open(new Browser(), { login_hint: '"><b>bob</b>' })
    expect(document.querySelector('#username')?.getAttribute('value')).toBe('"><b>bob</b>')
    expect(text).not.toContain('<b>bob')
  })

  it('that is cancelled tells the client', async () => {
    const browser = new Browser()
    const answer = await browser.submit(await open(browser), 'cancel')
    const { searchParams } = new URL(answer.headers.get('location') ?? '')
    expect(Object.fromEntries(searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'a-state',
      iss: running.issuer,
    })
  })

  it('changes the session’s identifier, so that one planted before is worth nothing', async () => {
    const browser = new Browser()
    await signIn(browser, authorizationRequest(running), 'alice')
    const session = async () =>
      (await browser.jar.getCookies(running.issuer)).find(({ key }) => key === 'gatehouse_session')?.value
    const before = await session()
    const page = await open(browser, { prompt: 'login' })
    await browser.submit(page, 'continue', right)
    expect(before).toEqual(expect.any(String))
    expect(await session()).not.toBe(before)
  })

  it('leaves nothing to whoever planted a session in the browser, or kept its old one', async () => {
    const [attacker, victim] = [new Browser(), new Browser()]
    await attacker.open(`${running.issuer}/logout`)
    const planted = await attacker.jar.getCookies(running.issuer)
    expect(planted.map(({ key }) => key)).toContain('gatehouse_session')
    for (const cookie of planted) await victim.jar.setCookie(cookie.toString(), running.issuer)
    const isSignedIn = async (browser: Browser) =>
      (await browser.open(running.issuer)).text.includes('signed in as')

    await signIn(victim, authorizationRequest(running), 'alice')
    expect([await isSignedIn(victim), await isSignedIn(attacker)]).toEqual([true, false])
    const kept = await victim.jar.getCookies(running.issuer)
    await signIn(victim, authorizationRequest(running, { prompt: 'login' }), 'alice')
    for (const cookie of kept) await attacker.jar.setCookie(cookie.toString(), running.issuer)
    expect([await isSignedIn(victim), await isSignedIn(attacker)]).toEqual([true, false])
  })

  it('goes on in two tabs at once, and ends in the one whose user has been replaced', async () => {
    const browser = new Browser()
    const [first, second] = [await open(browser), await open(browser)]
    const consent = await browser.submit(first, 'continue', right)
    expect(consent.document.text).toContain('alice')
    const other = await browser.submit(second, 'continue', { username: 'bob', password: 'secret456' })
    expect(other.document.text).toContain('bob')
    const stale = await browser.submit(consent, 'allow')
    expect(stale.headers.get('location')).toBeNull()
    expect(stale.document.querySelector('h1')?.text).toBe('This page can no longer be used')
    expect((await browser.submit(other, 'allow')).headers.get('location')).toContain('code=')
  })

  it('sets cookies that scripts and other sites cannot use', async () => {
    const answer = await new Browser().request(authorizationRequest(running).url)
    const cookies = answer.headers.getSetCookie()
    expect(cookies.length).toBeGreaterThanOrEqual(4)
    for (const cookie of cookies) expect(cookie).toMatch(/httponly/i)
    for (const cookie of cookies) expect(cookie).toMatch(/samesite=lax/i)
  })
})

describe('a login form', () => {
  it.each<[string, (body: URLSearchParams) => void]>([
    ['without a token', (body) => body.delete('form_token')],
    ['with an empty token', (body) => body.set('form_token', '')],
    ['with a made-up token', (body) => body.set('form_token', 'x'.repeat(43))],
  ])('%s is refused with 403, though the password is right (attack 12)', async (_what, change) => {
    const browser = new Browser()
    const { action, body } = form(await open(browser), 'continue', right)
    change(body)
    const answer = await browser.request(action, { method: 'POST', body })
    expect(answer.status).toBe(403)
    expect(answer.document.querySelector('h1')?.text).toBe('This page can no longer be used')
  })

  it('with the token of another sign-in is refused with 403', async () => {
    const [browser, attacker] = [new Browser(), new Browser()]
    const foreign = form(await open(attacker), 'continue').body.get('form_token') ?? ''
    const { action, body } = form(await open(browser), 'continue', { ...right, form_token: foreign })
    expect((await browser.request(action, { method: 'POST', body })).status).toBe(403)
  })

  it('from another browser is refused with 403', async () => {
    const { action, body } = form(await open(new Browser()), 'continue', right)
    expect((await new Browser().request(action, { method: 'POST', body })).status).toBe(403)
  })

  it('whose cookie belongs to another sign-in is refused with 403', async () => {
    const browser = new Browser()
    const first = form(await open(browser), 'continue', right)
    const second = form(await open(browser), 'continue', right)
    const cookie = await browser.jar.getCookieString(second.action)
    for (const body of [first.body, second.body]) {
      const answer = await fetch(first.action, { method: 'POST', body, headers: { cookie } })
      expect(answer.status).toBe(403)
    }
    expect((await fetch(first.action, { headers: { cookie } })).status).toBe(403)
  })

  it('that was used before is refused with 403', async () => {
    const browser = new Browser()
    const page = await open(browser)
    const { action, body } = form(page, 'continue', right)
    await browser.submit(page, 'continue', right)
    expect((await browser.request(action, { method: 'POST', body })).status).toBe(403)
  })

  it('that is no form is refused with 415, one too large with 413', async () => {
    const browser = new Browser()
    const { action, body } = form(await open(browser), 'continue', right)
    const headers = { 'content-type': 'application/json' }
    expect((await browser.request(action, { method: 'POST', body: '{}', headers })).status).toBe(415)
    body.set('password', 'x'.repeat(9_000))
    expect((await browser.request(action, { method: 'POST', body })).status).toBe(413)
  })
})
