import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { BrowserContext, Page } from 'playwright-core'
import { authorizationCode } from '../../client/grants/authorization-code.ts'
import { createOAuthClient } from '../../client/oauth-client.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import { findAccessibilityProblems } from '../support/accessibility.ts'
import { launchBrowser } from '../support/browser.ts'
import { openServer } from '../support/http-server.ts'
import { authorizationRequest } from '../support/sign-in.ts'
import { startServers } from '../support/start-servers.ts'

const [browser, servers] = await Promise.all([launchBrowser(), startServers()])
afterAll(async () => {
  await browser.close()
  await servers.stop()
})

let context: BrowserContext
let page: Page
beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
})
afterEach(() => context.close())

async function typePassword(password: string): Promise<void> {
  await page.getByLabel('User name').fill('alice')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const press = (name: string) => page.getByRole('button', { name }).click()

/** Also makes sure that the page is the one that the test is about. */
async function expectAccessible(heading: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
  expect(await findAccessibilityProblems(page)).toEqual([])
}

const request = (params: Record<string, string | undefined> = {}) =>
  authorizationRequest(servers.provider, params).url

async function registerClient(): Promise<string> {
  const response = await fetch(`${servers.issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'A name that is so long that it has to be broken over several lines of a phone',
      redirect_uris: ['https://client.example/a/callback'],
      token_endpoint_auth_method: 'none',
    }),
  })
  const { client_id: id } = (await response.json()) as { client_id: string }
  return id
}

/** Signs in with the client's own code. Resolves when the browser is at the login page. */
async function startClient(): Promise<void> {
  const atLogin = Promise.withResolvers<void>()
  const { authorization } = createOAuthClient({
    resource: servers.resource,
    client: { id: 'test-client' },
    store: createMemoryTokenStore(),
    grant: authorizationCode({
      visit: async (url) => {
        await page.goto(url.href)
        atLogin.resolve()
      },
    }),
  })
  // How the sign-in ends is on the page that the test waits for.
  authorization.signIn().catch(() => {})
  await atLogin.promise
}

describe('no page has a barrier, in light and dark, on a phone and on a desktop', () => {
  it.each([
    ['the provider’s start page', () => servers.issuer, 'Authorization server'],
    ['the MCP server’s start page', () => new URL(servers.resource).origin, 'An MCP server behind a gate'],
    ['an unknown address', () => `${servers.issuer}/nothing/here`, 'There is no such page'],
    [
      'an unregistered redirect',
      () => request({ redirect_uri: 'https://evil.example/cb' }),
      'The application asked to be answered somewhere unexpected',
    ],
    ['an unknown client', () => request({ client_id: 'nobody' }), 'The application is not known here'],
    ['a sign-in that is over', () => `${servers.issuer}/interaction/over`, 'This page can no longer be used'],
    ['the login page', () => request(), 'Sign in'],
  ])('%s', async (_, url, heading) => {
    await page.goto(url())
    await expectAccessible(heading)
  })

  it('the login page after a wrong password', async () => {
    await page.goto(request())
    await typePassword('wrong')
    await page.getByRole('alert').waitFor()
    await expectAccessible('Sign in')
  })

  it('the login page after too many attempts', async () => {
    await page.goto(request({ login_hint: 'somebody' }))
    for (let attempts = 0; attempts < 6; attempts++) {
      await page.getByLabel('Password').fill('wrong')
      await page.getByRole('button', { name: 'Sign in' }).click()
    }
    await page.getByText('too many attempts').waitFor()
    await expectAccessible('Sign in')
  })

  it('the start page of somebody who is signed in, and logging out', async () => {
    await page.goto(request())
    await typePassword('password123')
    await page.goto(servers.issuer)
    await page.getByText('signed in as alice').waitFor()
    await expectAccessible('Authorization server')
    await page.getByRole('link', { name: 'Log out' }).click()
    await expectAccessible('Log out?')
    await press('Stay signed in')
    await expectAccessible('You are signed in')
    await page.getByRole('link', { name: 'Log out' }).click()
    await press('Log out')
    await expectAccessible('You are logged out')
  })

  it('consent for an application on this computer', async () => {
    await page.goto(request({ scope: 'openid offline_access read write admin', prompt: 'consent' }))
    await typePassword('password123')
    await expectAccessible('Allow access?')
  })

  it('consent for an application that registered itself', async () => {
    const clientId = await registerClient()
    await page.goto(request({ client_id: clientId, redirect_uri: 'https://client.example/a/callback' }))
    await typePassword('password123')
    await page.getByText('Not verified.').waitFor()
    await expectAccessible('Allow access?')
  })

  it('consent when there is nothing that the account may allow', async () => {
    await page.goto(request({ scope: 'admin' }))
    await typePassword('password123')
    await expectAccessible('There is nothing to allow')
  })

  it('the pages of the device flow', async () => {
    const answer = await fetch(`${servers.issuer}/device/auth`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'test-client', scope: 'read offline_access' }),
    })
    const { user_code: userCode, verification_uri: url } = await answer.json()
    await page.goto(url)
    await expectAccessible('Connect a device')
    await page.keyboard.type('bcdf ghjk')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await expectAccessible('Connect a device')
    await page.getByLabel('Code').fill(userCode)
    await press('Continue')
    await expectAccessible('Is this your device?')
    await press('I started this')
    await typePassword('password123')
    await page.getByText('the device that shows the code').waitFor()
    await press('Allow')
    await expectAccessible('The device is connected')
  })

  it.each([
    ['success', 'Allow', 'You are signed in'],
    ['failure', 'Deny', 'Signing in failed'],
  ])('the client’s page of %s', async (_, button, heading) => {
    await startClient()
    await typePassword('password123')
    await press(button)
    await expectAccessible(heading)
  })
})

describe('the pages', () => {
  it('10: load nothing and run nothing, under a policy that the browser enforces', async () => {
    const requested: string[] = []
    const complaints: string[] = []
    page.on('request', (each) => requested.push(each.url()))
    page.on('console', (message) => complaints.push(message.text()))
    await page.goto(servers.issuer)
    expect(requested).toEqual([`${servers.issuer}/`])
    expect(complaints).toEqual([])
    expect(await page.evaluate(() => document.scripts.length)).toBe(0)
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    await page.emulateMedia({ colorScheme: 'light' })
    const light = await background()
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await background()).not.toBe(light)
  })

  it.each([
    ['login page', () => request()],
    ['provider’s start page', () => servers.issuer],
    ['MCP server’s start page', () => new URL(servers.resource).origin],
  ])('10: %s cannot be framed', async (_, url) => {
    const attacker = await openServer((_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(`<!doctype html><iframe src="${url()}"></iframe>`)
    })
    await page.goto(attacker.origin)
    const [, frame] = page.frames()
    expect(await frame?.evaluate(() => document.documentElement.textContent)).not.toContain('Gatehouse')
    expect(frame?.url()).toBe('chrome-error://chromewebdata/')
    await attacker.close()
  })
})
