import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { captureLog } from '../../support/captured-log.ts'
import { writeClientsFile } from '../../support/clients-file.ts'
import {
  type Answer,
  authorizationRequest,
  Browser,
  form,
  introspect,
  obtainTokens,
  signIn,
} from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

const log = captureLog()
/** A client that may send people to log out. */
const application = {
  client_id: 'application',
  client_name: 'An <b>application</b>',
  redirect_uris: ['https://app.example/callback'],
  post_logout_redirect_uris: ['https://app.example/bye'],
  token_endpoint_auth_method: 'none',
}
let running: RunningProvider
beforeAll(async () => {
  running = await startProvider({ logger: log.logger, env: { CLIENTS: writeClientsFile([application]) } })
})
afterAll(() => running.stop())

async function signedIn(username = 'alice'): Promise<Browser> {
  const browser = new Browser()
  await signIn(browser, authorizationRequest(running), username)
  return browser
}

const heading = ({ document }: Answer) => document.querySelector('h1')?.text
const open = (browser: Browser, path: string) => browser.open(new URL(path, running.issuer).href)
const isAsked = async (browser: Browser) =>
  (await browser.open(authorizationRequest(running).url)).document.querySelector('#password') !== null

/** Presses a button of the page. */
function press(browser: Browser, page: Answer, fields: Record<string, string>): Promise<Answer> {
  const { action, body } = form(page, '')
  body.delete('decision')
  for (const [name, value] of Object.entries(fields)) body.set(name, value)
  return browser.open(action, { method: 'POST', body })
}

async function idTokenOf(browser: Browser): Promise<string> {
  const params = {
    client_id: application.client_id,
    redirect_uri: 'https://app.example/callback',
    scope: 'openid read',
  }
  return String((await obtainTokens(running, 'alice', params, browser)).body.id_token)
}

describe('the start page', () => {
  it('says who is signed in and leads to log out; to nobody it says neither', async () => {
    const { document } = await open(await signedIn(), '/')
    expect(document.text).toContain('You are signed in as alice')
    expect(document.querySelector('a[href="/logout"]')).not.toBeNull()
    expect((await open(new Browser(), '/')).document.querySelector('a[href="/logout"]')).toBeNull()
  })
})

describe('logging out', () => {
  it('asks first, without a script, and then ends the session and nothing else', async () => {
    const browser = await signedIn()
    const { body } = await obtainTokens(running, 'alice', {}, browser)
    const cookie = await browser.jar.getCookieString(running.issuer)
    const page = await open(browser, '/logout')
    expect(page.document.text).toContain('signed in as alice')
    expect(page.document.querySelector('script')).toBeNull()
    const done = await press(browser, page, { logout: 'yes' })
    expect(heading(done)).toBe('You are logged out')
    expect(await isAsked(browser)).toBe(true)
    // The session is gone from the server too, not from the browser alone.
    const home = await fetch(running.issuer, { headers: { cookie } })
    expect(await home.text()).not.toContain('signed in as')
    expect((await introspect(running, body.access_token)).body).toMatchObject({ active: true })
    expect(log.records()).toContainEqual(expect.objectContaining({ event: 'logout', account: 'alice' }))
  })

  it('can be thought better of', async () => {
    const browser = await signedIn()
    const events = log.records().filter(({ event }) => event === 'logout').length
    const page = await press(browser, await open(browser, '/logout'), {})
    expect(heading(page)).toBe('You are signed in')
    expect(await isAsked(browser)).toBe(false)
    expect(log.records().filter(({ event }) => event === 'logout')).toHaveLength(events)
  })

  it('asks nobody who is not signed in', async () => {
    const answer = await open(new Browser(), '/logout')
    expect(heading(answer)).toBe('You are logged out')
    expect(answer.document.querySelector('form, script')).toBeNull()
  })

  it.each<[string, (body: URLSearchParams, foreign: string) => void]>([
    ['no token', (body) => body.delete('xsrf')],
    ['an empty token', (body) => body.set('xsrf', '')],
    ['another session’s token', (body, foreign) => body.set('xsrf', foreign)],
  ])('is not done by a form with %s (attack 12)', async (_what, change) => {
    const [browser, attacker] = [await signedIn(), await signedIn('bob')]
    const foreign = form(await open(attacker, '/logout'), '').body.get('xsrf') ?? ''
    const { action, body } = form(await open(browser, '/logout'), '')
    body.set('logout', 'yes')
    change(body, foreign)
    const answer = await browser.open(action, { method: 'POST', body })
    expect(answer.status).toBe(400)
    expect(heading(answer)).toBe('This page can no longer be used')
    expect(await isAsked(browser)).toBe(false)
  })
})

describe('an application that asks for a log-out', () => {
  it('is named, and gets the browser back where it has registered, with its state', async () => {
    const browser = new Browser()
    const params = new URLSearchParams({
      id_token_hint: await idTokenOf(browser),
      post_logout_redirect_uri: 'https://app.example/bye',
      state: 'a-state',
    })
    const page = await open(browser, `/logout?${params}`)
    expect(page.document.querySelector('bdi')?.text).toBe('An <b>application</b>')
    expect(page.document.text).toContain('app.example')
    const answer = await press(browser, page, { logout: 'yes' })
    expect(answer.headers.get('location')).toBe('https://app.example/bye?state=a-state')
    expect(await isAsked(browser)).toBe(true)
    // A second time there is nobody to ask.
    const again = await open(browser, `/logout?${params}`)
    expect(again.headers.get('location')).toBe('https://app.example/bye?state=a-state')
  })

  it.each(['https://evil.example/', 'https://app.example/bye/..', 'https://app.example/callback'])(
    'is not followed to %s',
    async (target) => {
      const params = new URLSearchParams({
        client_id: application.client_id,
        post_logout_redirect_uri: target,
      })
      for (const browser of [new Browser(), await signedIn()]) {
        const answer = await open(browser, `/logout?${params}`)
        expect(answer.status).toBe(400)
        expect(answer.headers.get('location')).toBeNull()
      }
    },
  )

  it('that registered itself sends nobody anywhere (attack 9)', async () => {
    const response = await fetch(`${running.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        redirect_uris: ['https://evil.example/callback'],
        post_logout_redirect_uris: ['https://evil.example/bye'],
        token_endpoint_auth_method: 'none',
      }),
    })
    const { client_id, post_logout_redirect_uris } = await response.json()
    expect(post_logout_redirect_uris).toEqual([])
    const params = new URLSearchParams({ client_id, post_logout_redirect_uri: 'https://evil.example/bye' })
    for (const browser of [new Browser(), await signedIn()]) {
      const answer = await open(browser, `/logout?${params}`)
      expect(answer.status).toBe(400)
      expect(answer.headers.get('location')).toBeNull()
    }
  })

  it('that does not say who it is sends nobody anywhere', async () => {
    const answer = await open(new Browser(), '/logout?post_logout_redirect_uri=https://evil.example/')
    expect(answer.headers.get('location')).toBeNull()
    expect(heading(answer)).toBe('You are logged out')
  })
})
