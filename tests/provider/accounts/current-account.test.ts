import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { hashPassword } from '../../../provider/accounts/password-hash.ts'
import {
  createAccountsFile,
  password,
  storedAccount,
  type TestAccountsFile,
} from '../../support/accounts-file.ts'
import {
  type Answer,
  authorizationRequest,
  Browser,
  form,
  introspect,
  redeem,
  refresh,
} from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

const offline = { scope: 'openid read write offline_access', prompt: 'consent' }
let file: TestAccountsFile
let running: RunningProvider
beforeEach(async () => {
  file = await createAccountsFile([storedAccount('carol')])
  running = await startProvider({ env: { ACCOUNTS: file.path } })
})
afterEach(() => Promise.all([running.stop(), file.remove()]))

async function obtain(browser = new Browser()) {
  const request = authorizationRequest(running, offline)
  const login = await browser.open(request.url)
  const consent = await browser.submit(login, 'continue', { username: 'carol', password })
  const answer = await browser.submit(consent, 'allow')
  return (await redeem(running, request, new URL(answer.headers.get('location') ?? ''))).body
}

const newPassword = 'another horse battery'
const asksForPassword = ({ document }: Answer) => document.querySelector('#password') !== null

describe('an account that has changed', () => {
  it('is named by its identifier, and by the name that it has now', async () => {
    const tokens = await obtain()
    await file.replace([storedAccount('caroline', { id: 'id-of-carol' })])
    expect((await introspect(running, tokens.access_token)).body).toMatchObject({
      sub: 'id-of-carol',
      username: 'caroline',
      scope: 'read write',
    })
  })

  it('has fewer scopes at the next introspection and the next refresh', async () => {
    const tokens = await obtain()
    await file.replace([storedAccount('carol', { scopes: ['read', 'admin'] })])
    expect((await introspect(running, tokens.access_token)).body).toMatchObject({
      active: true,
      scope: 'read',
    })
    expect((await refresh(running, tokens.refresh_token)).body).toMatchObject({ scope: 'read' })
    await file.replace([storedAccount('carol', { scopes: [] })])
    const { body } = await introspect(running, tokens.access_token)
    expect(body).toMatchObject({ active: true })
    expect(body).not.toHaveProperty('scope')
  })

  it('and has a name is called by it on pages, beside what is typed', async () => {
    const browser = new Browser()
    await obtain(browser)
    expect((await browser.open(running.issuer)).document.text).toContain('signed in as carol.')
    await file.replace([storedAccount('carol', { name: 'Carol Danvers' })])
    for (const path of ['', '/account', '/logout']) {
      expect((await browser.open(running.issuer + path)).document.text).toContain('Carol Danvers (carol)')
    }
    const consent = await browser.open(authorizationRequest(running).url)
    expect(consent.document.text).toContain('Carol Danvers (carol)')
  })

  it.each([
    ['disabled', [storedAccount('carol', { disabled: true })]],
    ['removed', []],
    ['made anew under the same name', [storedAccount('carol', { id: 'another' })]],
  ])('and is %s has no active token, no refresh and no session', async (_what, accounts) => {
    const browser = new Browser()
    const tokens = await obtain(browser)
    await file.replace(accounts)
    expect((await introspect(running, tokens.access_token)).body).toEqual({ active: false })
    expect((await refresh(running, tokens.refresh_token)).body).toMatchObject({ error: 'invalid_grant' })
    expect(asksForPassword(await browser.open(authorizationRequest(running).url))).toBe(true)
    const silent = await browser.open(authorizationRequest(running, { prompt: 'none' }).url)
    expect(silent.headers.get('location')).toContain('error=login_required')
    expect((await browser.open(running.issuer)).text).not.toContain('signed in as')
  })

  it('has no session that was begun with another password, and keeps the access that was given', async () => {
    const browser = new Browser()
    const tokens = await obtain(browser)
    expect((await browser.open(running.issuer)).text).toContain('signed in as')
    expect(asksForPassword(await browser.open(authorizationRequest(running).url))).toBe(false)
    expect((await browser.open(`${running.issuer}/account`)).url).toMatch(/\/account$/)
    await file.replace([storedAccount('carol', { passwordHash: await hashPassword(newPassword) })])
    const login = await browser.open(authorizationRequest(running, offline).url)
    expect(asksForPassword(login)).toBe(true)
    const silent = await browser.open(authorizationRequest(running, { prompt: 'none' }).url)
    expect(silent.headers.get('location')).toContain('error=login_required')
    expect((await browser.open(running.issuer)).text).not.toContain('signed in as')
    expect(asksForPassword(await browser.open(`${running.issuer}/account`))).toBe(true)
    expect((await introspect(running, tokens.access_token)).body).toMatchObject({ active: true })
    expect((await refresh(running, tokens.refresh_token)).status).toBe(200)
    const again = await browser.open(authorizationRequest(running, offline).url)
    await browser.submit(again, 'continue', { username: 'carol', password: newPassword })
    expect((await browser.open(running.issuer)).text).toContain('signed in as')
    expect(asksForPassword(await browser.open(authorizationRequest(running).url))).toBe(false)
  })

  it('is not signed in by a password that changed after it was judged', async () => {
    const browser = new Browser()
    const login = await browser.open(authorizationRequest(running, offline).url)
    const { action, body } = form(login, 'continue', { username: 'carol', password })
    const judged = await browser.request(action, { method: 'POST', body })
    await file.replace([storedAccount('carol', { passwordHash: await hashPassword(newPassword) })])
    expect(asksForPassword(await browser.open(judged.headers.get('location') ?? ''))).toBe(true)
    expect((await browser.open(running.issuer)).text).not.toContain('signed in as')
  })

  it('and is disabled is refused at the login as a wrong password is', async () => {
    await file.replace([storedAccount('carol', { disabled: true }), storedAccount('dave')])
    const comparable = ({ status, text }: Answer) => [
      status,
      text.replace(/value="[^"]*"|\/interaction\/[\w-]+/g, ''),
    ]
    const attempt = async (username: string, secret: string) => {
      const browser = new Browser()
      const page = await browser.open(authorizationRequest(running).url)
      return comparable(await browser.submit(page, 'continue', { username, password: secret }))
    }
    expect(await attempt('carol', password)).toEqual(await attempt('dave', 'wrong'))
  })

  it('leaves its browser to somebody else, without a script', async () => {
    await file.replace([storedAccount('carol'), storedAccount('dave')])
    const browser = new Browser()
    await obtain(browser)
    const old = await browser.jar.getCookieString(running.issuer)
    const page = await browser.open(authorizationRequest(running, { prompt: 'login' }).url)
    const next = await browser.submit(page, 'continue', { username: 'dave', password })
    expect(next.document.text).toContain('dave')
    expect(next.document.querySelector('button[value=allow]')).not.toBeNull()
    expect(next.document.querySelector('script')).toBeNull()
    expect(await (await fetch(running.issuer, { headers: { cookie: old } })).text()).not.toContain(
      'signed in as',
    )
    expect((await browser.open(running.issuer)).text).toContain('dave')
  })
})
