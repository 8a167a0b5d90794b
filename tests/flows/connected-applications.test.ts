import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { BrowserContext, Page } from 'playwright-core'
import { findAccessibilityProblems } from '../support/accessibility.ts'
import { registerClient } from '../support/account-page.ts'
import { launchBrowser } from '../support/browser.ts'
import { callTool } from '../support/mcp-request.ts'
import { Browser, obtainTokens, refresh } from '../support/sign-in.ts'
import { createTestClient } from '../support/sign-in-client.ts'
import { startServers } from '../support/start-servers.ts'

const cacheSeconds = 10
/** What the MCP server takes for the time, in milliseconds. */
let serverTime = Date.now()
const [browser, servers] = await Promise.all([
  launchBrowser(),
  startServers({ env: { INTROSPECTION_CACHE_SECONDS: String(cacheSeconds) }, now: () => serverTime }),
])
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

const statusOf = async (token: string) =>
  (await callTool(servers.resource, 'get_user_profile', {}, { token })).status

const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
const expectAccessible = async () => expect(await findAccessibilityProblems(page)).toEqual([])

/** Signs in with nothing but keys: the empty user name has the focus from the start. */
async function signInWithKeys(username: string, password: string): Promise<void> {
  await heading('Sign in')
  await page.keyboard.type(username)
  await page.keyboard.press('Tab')
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
}

/** Presses Tab until the focus is on what has that name. */
async function tabTo(name: string): Promise<void> {
  const wanted = page.getByRole('button', { name, exact: true })
  for (let presses = 0; presses < 30; presses += 1) {
    await page.keyboard.press('Tab')
    if (await wanted.evaluate((element) => element === document.activeElement)) return
  }
  throw new Error(`Tab does not lead to ${name}.`)
}

describe('connected applications', () => {
  it('are disconnected with the keyboard alone, and the MCP server refuses them within its bound', async () => {
    const device = createTestClient(servers.resource, 'alice')
    const { accessToken, refreshToken } = await device.authorization.signIn()
    const { accessToken: bystander } = await createTestClient(servers.resource, 'bob').authorization.signIn()
    expect([await statusOf(accessToken), await statusOf(bystander)]).toEqual([200, 200])

    await page.goto(`${servers.issuer}/account`)
    await signInWithKeys('alice', 'password123')
    await heading('Connected applications')
    await tabTo('Disconnect MCP client')
    const focused = page.locator(':focus-visible')
    expect(await focused.evaluate((element) => getComputedStyle(element).outlineWidth)).toBe('3px')
    await page.keyboard.press('Enter')
    await page.getByText('No application has access to your account.').waitFor()
    expect(await page.getByRole('status').textContent()).toContain('disconnected')

    expect((await refresh(servers.provider, refreshToken)).body.error).toBe('invalid_grant')
    // What the gate has cached it believes for the cache’s time, and not a moment longer.
    serverTime += cacheSeconds * 1000 - 1
    expect(await statusOf(accessToken)).toBe(200)
    serverTime += 1
    expect([await statusOf(accessToken), await statusOf(bystander)]).toEqual([401, 200])
  })

  it('look right and have no barrier, whatever they are called and however many they are', async () => {
    await page.goto(`${servers.issuer}/account`)
    await heading('Sign in')
    await expectAccessible()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await heading('You are not signed in')
    await expectAccessible()
    await page.getByRole('link', { name: 'Sign in' }).click()
    await signInWithKeys('admin', 'admin789')
    await heading('Connected applications')
    await expectAccessible()

    const names = ['W'.repeat(80), '<b>"bold" & \'brave\'</b>', 'יישום עם שם ארוך', ...'abcde']
    const device = new Browser()
    for (const [index, name] of names.entries()) {
      const host =
        index === 0 ? `${'label-'.repeat(10)}x.${'label-'.repeat(10)}x.example` : `h${index}.example`
      const client = await registerClient(servers.provider, name, host)
      await obtainTokens(servers.provider, 'admin', { ...client, scope: 'openid read write admin' }, device)
    }
    await page.reload()
    expect(await page.getByRole('listitem').count()).toBe(names.length)
    expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual(
      expect.arrayContaining(names),
    )
    await expectAccessible()
  })

  it('shows an error for an unverified client on a page without barriers', async () => {
    const client = await registerClient(servers.provider, 'Fresh', 'fresh.example')
    const url = new URL('/authorize', servers.issuer)
    url.search = new URLSearchParams({
      ...client,
      response_type: 'code',
      prompt: 'none',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
    }).toString()
    await page.goto(url.href)
    await heading('The application’s request cannot be used')
    await expectAccessible()
  })
})
