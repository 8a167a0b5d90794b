import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { type ClientHome, makeClientHome, printedUrl } from '../support/client-process.ts'
import { killPrograms } from '../support/programs.ts'
import { startServers } from '../support/start-servers.ts'

const [browser, servers] = await Promise.all([launchBrowser(), startServers()])
afterAll(async () => {
  killPrograms()
  await browser.close()
  await servers.stop()
})

let context: BrowserContext
let page: Page
let home: ClientHome
beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
  home = await makeClientHome({ RESOURCE: servers.resource })
})
afterEach(async () => {
  await context.close()
  await home.remove()
})

async function typePassword(username: string, password: string): Promise<void> {
  await page.getByLabel('User name').fill(username)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const heading = () => page.getByRole('heading', { level: 1 }).textContent()

describe('signing in with a browser', () => {
  it('leads from the login page over consent back to the client, which then calls tools', async () => {
    const login = home.run('login')
    await page.goto(await printedUrl(login))
    expect(await heading()).toBe('Sign in')
    await typePassword('alice', 'password123')
    expect(await heading()).toBe('Allow access?')
    const text = await page.getByRole('main').textContent()
    for (const said of ['MCP client', servers.resource, 'alice', 'Read documents', 'Write documents']) {
      expect(text).toContain(said)
    }
    expect(text).toMatch(/127\.0\.0\.1:\d+/)
    expect(text).toContain('not open to your account: admin')
    await page.getByRole('button', { name: 'Allow' }).click()
    expect(await heading()).toBe('You are signed in')
    expect(page.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback\?/)

    expect(await login.ended).toMatchObject({ code: 0 })
    expect(login.output.stderr).toContain('Granted: read write')
    const whoami = await home.run('whoami').ended
    expect(whoami).toMatchObject({ code: 0, stderr: '' })
    expect(whoami.stdout).toMatch(/^username +alice$/m)
  })

  it('says in place that a password is wrong, keeps the user name, and lets the user try again', async () => {
    const login = home.run('login')
    await page.goto(await printedUrl(login))
    await typePassword('bob', 'password123')
    expect(await page.getByRole('alert').textContent()).toMatch(/do not belong together/)
    expect(await page.getByLabel('User name').inputValue()).toBe('bob')
    expect(await page.getByLabel('Password').inputValue()).toBe('')
    expect(await page.title()).toContain('Sign in again')
    await typePassword('bob', 'secret456')
    await page.getByRole('button', { name: 'Allow' }).click()
    expect(await login.ended).toMatchObject({ code: 0 })
  })

  it.each([
    ['denies consent', 'Deny'],
    ['cancels at the login page', 'Cancel'],
  ])('tells the client that access was denied when the user %s', async (_, button) => {
    const login = home.run('login')
    await page.goto(await printedUrl(login))
    if (button === 'Deny') await typePassword('alice', 'password123')
    await page.getByRole('button', { name: button }).click()
    expect(await heading()).toBe('Signing in failed')
    const { code, stderr } = await login.ended
    expect(code).toBe(3)
    expect(stderr).toMatch(/refused: .*did not allow.* \(access_denied\)/)
    expect(stderr).not.toMatch(/ {4}at /)
  })

  it('works with Tab and Enter alone, and shows where the focus is', async () => {
    const login = home.run('login')
    await page.goto(await printedUrl(login))
    // The empty user name has the focus from the start.
    await page.keyboard.type('alice')
    await page.keyboard.press('Tab')
    await page.keyboard.type('password123')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor()
    const focused = page.locator(':focus-visible')
    await page.keyboard.press('Tab')
    expect(await focused.getAttribute('value')).toBe('read')
    await page.keyboard.press('Tab')
    expect(await focused.getAttribute('value')).toBe('write')
    await page.keyboard.press('Space')
    while ((await focused.textContent()) !== 'Allow') await page.keyboard.press('Tab')
    expect(await focused.evaluate((element) => getComputedStyle(element).outlineWidth)).toBe('3px')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor()
    const { code, stderr } = await login.ended
    expect(code).toBe(0)
    expect(stderr).toMatch(/Granted: read\.$/m)
  })

  it('asks nobody for a password twice in one browser, but for consent again', async () => {
    const first = home.run('login')
    await page.goto(await printedUrl(first))
    await typePassword('alice', 'password123')
    await page.getByRole('button', { name: 'Allow' }).click()
    await first.ended
    const second = home.run('login')
    await page.goto(await printedUrl(second))
    expect(await heading()).toBe('Allow access?')
    await page.getByRole('button', { name: 'Allow' }).click()
    expect(await second.ended).toMatchObject({ code: 0 })
  })

  it('51: leaves no code and no password in what the browser sends elsewhere or the client prints', async () => {
    const referers: (string | undefined)[] = []
    page.on('request', (request) => referers.push(request.headers().referer))
    const login = home.run('login')
    await page.goto(await printedUrl(login))
    await typePassword('alice', 'password123')
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor()
    const code = new URL(page.url()).searchParams.get('code') ?? ''
    expect(code).not.toBe('')
    const { stdout, stderr } = await login.ended
    expect(stdout + stderr).not.toContain(code)
    expect(new Set(referers)).toEqual(new Set([undefined]))
  })
})
