import { createHook } from 'node:async_hooks'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Answer, authorizationRequest, Browser, form } from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

let running: RunningProvider
beforeAll(async () => {
  running = await startProvider({ env: { TRUST_PROXY: 'loopback' } })
})
afterAll(() => running.stop())

/** A browser at an address of its own. */
class RemoteBrowser extends Browser {
  readonly #address: string
  constructor(address: string) {
    super()
    this.#address = address
  }
  override request(url: string, init: RequestInit = {}): Promise<Answer> {
    const headers = new Headers(init.headers)
    headers.set('x-forwarded-for', this.#address)
    return super.request(url, { ...init, headers })
  }
}

const open = (browser: Browser) => browser.open(authorizationRequest(running, { prompt: 'login' }).url)

async function attempt(browser: Browser, username: string, password: string): Promise<Answer> {
  const { action, body } = form(await open(browser), 'continue', { username, password })
  return browser.request(action, { method: 'POST', body })
}

async function statuses(browser: Browser, count: number, username: string, password = 'wrong') {
  const answers: number[] = []
  for (let times = 0; times < count; times++)
    answers.push((await attempt(browser, username, password)).status)
  return answers
}

describe('guessing passwords (attack 16)', () => {
  it('a hundred at once: five are looked at, the others are told when to try again (attack 16)', async () => {
    const browser = new RemoteBrowser('192.0.2.1')
    const { action, body } = form(await open(browser), 'continue', { username: 'alice', password: 'wrong' })
    let hashes = 0
    const hook = createHook({
      init(_id, type) {
        if (type === 'ARGON2REQUEST') hashes++
      },
    }).enable()
    const answers = await Promise.all(
      Array.from({ length: 100 }, () =>
        browser.request(action, { method: 'POST', body: new URLSearchParams(body) }),
      ),
    )
    hook.disable()
    expect(hashes).toBe(5)
    const refused = answers.filter(({ status }) => status === 429)
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(5)
    expect(refused).toHaveLength(95)
    for (const { headers, document } of refused) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60)
      expect(document.querySelector('[role=alert]')?.text).toMatch(
        /too many attempts.*Try again in \d+ seconds/,
      )
    }
    // The right password is not looked at either: the answer must not tell.
    expect((await attempt(browser, 'alice', 'password123')).status).toBe(429)
    expect((await attempt(new RemoteBrowser('192.0.2.2'), 'alice', 'password123')).status).toBe(303)
  })

  it('of a name that nobody has meets the same answers (attack 16)', async () => {
    const comparable = ({ text }: Answer) =>
      text.replace(/value="[^"]*"|\/interaction\/[\w-]+|\d+ seconds/g, '')
    const [real, unknown] = await Promise.all(
      ['bob', 'mallory'].map(async (username, index) => {
        const browser = new RemoteBrowser(`192.0.2.${10 + index}`)
        expect(await statuses(browser, 6, username)).toEqual([422, 422, 422, 422, 422, 429])
        return comparable(await attempt(browser, username, 'wrong'))
      }),
    )
    expect(unknown).toBe(real)
  })

  it('holds up nobody’s known browser, not even at the same address (attack 16)', async () => {
    const hers = new RemoteBrowser('192.0.2.20')
    expect((await attempt(hers, 'admin', 'admin789')).status).toBe(303)
    const stranger = new RemoteBrowser('192.0.2.20')
    expect((await statuses(stranger, 7, 'admin')).at(-1)).toBe(429)
    expect((await attempt(hers, 'admin', 'admin789')).status).toBe(303)
    // What is remembered of her is of no use for another name, or changed.
    expect((await statuses(hers, 6, 'bob')).at(-1)).toBe(429)
    const cookies = await hers.jar.getCookies(`${running.issuer}/interaction/x`)
    const known = cookies.find(({ key }) => /^gatehouse_browser_\w+$/.test(key))
    expect(known).toMatchObject({ httpOnly: true, sameSite: 'lax', path: '/interaction' })
    await hers.jar.setCookie(`${known?.key}=${'A'.repeat(22)}; Path=/interaction`, running.issuer)
    expect((await attempt(hers, 'admin', 'admin789')).status).toBe(429)
  })

  it('is forgotten after the right password', async () => {
    const browser = new RemoteBrowser('192.0.2.30')
    for (let times = 0; times < 3; times++) {
      expect(await statuses(browser, 4, 'bob')).toEqual([422, 422, 422, 422])
      expect((await attempt(browser, 'bob', 'secret456')).status).toBe(303)
    }
  })
})
