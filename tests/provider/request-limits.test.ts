import { afterEach, describe, expect, it } from '@jest/globals'
import { createStorageOver } from '../../provider/storage/create-storage-over.ts'
import { MemoryStore } from '../../provider/storage/memory-store.ts'
import { captureLog } from '../support/captured-log.ts'
import { authorizationRequest, Browser, basic, introspect, obtainTokens, post } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'
import { breakableStore } from '../support/stores.ts'

const started: RunningProvider[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((running) => running.stop()))
})

async function start(limit: number, options: Parameters<typeof startProvider>[0] = {}) {
  const env = { RATE_LIMIT_ANONYMOUS: String(limit), TRUST_PROXY: 'loopback', ...options.env }
  const running = await startProvider({ ...options, env })
  started.push(running)
  return running
}

const from = (address: string) => ({ 'x-forwarded-for': address })

/** The statuses of requests that lead to nothing, from one address. */
async function statuses({ issuer }: RunningProvider, count: number, address: string, path = '/revoke') {
  const seen: number[] = []
  for (let index = 0; index < count; index += 1) {
    const { status } = await post(issuer + path, { token: 'x', client_id: 'nobody' }, from(address))
    seen.push(status)
  }
  return seen
}

describe('too many requests', () => {
  it('of one address are answered 429 with when to come back, and cost no other address anything', async () => {
    const log = captureLog()
    const running = await start(3, { logger: log.logger })
    expect(await statuses(running, 3, '203.0.113.1')).toEqual([401, 401, 401])
    const { status, headers, body } = await post(`${running.issuer}/revoke`, {}, from('203.0.113.1'))
    expect(status).toBe(429)
    expect(body).toMatchObject({ error: 'too_many_requests', error_description: expect.any(String) })
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(await statuses(running, 3, '203.0.113.2')).toEqual([401, 401, 401])
    expect(await statuses(running, 20, '203.0.113.1')).toEqual(Array(20).fill(429))
    const records = log.records().filter(({ event }) => event === 'rate_limited')
    expect(records).toEqual([expect.objectContaining({ route: 'revoke', address: '203.0.113.1' })])
  })

  it('are counted apart for each route, and less is allowed where something stays', async () => {
    const running = await start(10)
    expect((await statuses(running, 11, '203.0.113.1')).at(-1)).toBe(429)
    expect((await statuses(running, 41, '203.0.113.1', '/token')).indexOf(429)).toBe(40)
    const register = () =>
      fetch(`${running.issuer}/register`, { method: 'POST', body: '{}', headers: from('203.0.113.1') })
    expect([(await register()).status, (await register()).status]).toEqual([400, 429])
  })

  it('are answered with a page to people, security headers included', async () => {
    const running = await start(1)
    const open = () =>
      new Browser().request(authorizationRequest(running).url, { headers: from('203.0.113.1') })
    // The authorization endpoint has four times the limit.
    for (let times = 0; times < 4; times++) expect((await open()).status).toBe(303)
    const answer = await open()
    expect(answer.status).toBe(429)
    expect(answer.document.querySelector('h1')?.text).toBe('Too many attempts')
    expect(answer.headers.get('content-security-policy')).toMatch(/frame-ancestors 'none'/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('count registrations and device codes of one IPv6 network together too', async () => {
    const log = captureLog()
    const running = await start(1_000_000, { logger: log.logger })
    const attempts: number[] = []
    for (let index = 0; index < 31; index += 1) {
      const headers = from(`2001:db8:1:4::${index}`)
      attempts.push((await post(`${running.issuer}/device`, { user_code: 'BBBBBBBB' }, headers)).status)
    }
    expect(attempts.indexOf(429)).toBe(30)
    expect(log.records()).toContainEqual(
      expect.objectContaining({ event: 'rate_limited', route: 'device', address: '2001:db8:1:4::30' }),
    )
    const register = (index: number) =>
      fetch(`${running.issuer}/register`, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json', ...from(`2001:db8:1:5::${index}`) },
      })
    const registrations = await Promise.all(Array.from({ length: 61 }, (_, index) => register(index)))
    expect(registrations.filter(({ status }) => status === 429)).toHaveLength(1)
    expect(await running.server.metrics.text()).toMatch(/gatehouse_rate_limited_total\{route="device"\} 1\n/)
  })

  it('of one IPv6 network count as one address', async () => {
    const running = await start(3)
    const seen: number[] = []
    for (const host of ['::1', '::2', ':a:b:c:d', ':ffff:1:1:1']) {
      seen.push(...(await statuses(running, 1, `2001:db8:1:2${host}`)))
    }
    expect(seen).toEqual([401, 401, 401, 429])
    expect(await statuses(running, 1, '2001:db8:1:3::1')).toEqual([401])
  })

  it('do not keep metadata and keys from anybody, nor the MCP server from asking', async () => {
    const running = await start(5)
    const { body } = await obtainTokens(running, 'alice', {}, browserAt('203.0.113.9'))
    expect((await statuses(running, 10, '127.0.0.1', '/introspect')).slice(5)).toEqual(Array(5).fill(429))
    for (let index = 0; index < 10; index += 1) {
      expect(await introspect(running, body.access_token)).toMatchObject({
        status: 200,
        body: { active: true },
      })
      expect((await fetch(`${running.issuer}/jwks`)).status).toBe(200)
    }
    const guess = { ...running.config.resourceClient, secret: 'guess' }
    const guessed = await post(`${running.issuer}/introspect`, { token: 'x' }, basic(guess))
    expect(guessed.status).toBe(429)
  })

  it.each([
    ['not at all', (text: string) => text],
    ['as the URL standard says', (text: string) => new URLSearchParams({ '': text }).toString().slice(1)],
    ['down to the last hyphen', (text: string) => text.replace(/\W/g, percentEncode)],
  ])('are none of the MCP server’s that encodes its credentials %s', async (_how, encode) => {
    const secret = 'a secret/of+100%25:letters=='
    const running = await start(1, { env: { RESOURCE_CLIENT_SECRET: secret } })
    const as = (password: string) =>
      post(
        `${running.issuer}/introspect`,
        { token: 'x' },
        basic({ id: encode('mcp-server'), secret: encode(password) }),
      )
    await statuses(running, 1, '127.0.0.1', '/introspect')
    for (let index = 0; index < 3; index += 1) expect((await as(secret)).status).not.toBe(429)
    for (const guess of ['', 'guess', secret.slice(1), `${secret}=`]) {
      expect((await as(guess)).status).toBe(429)
    }
  })

  it('are counted across replicas', async () => {
    const store = new MemoryStore()
    const [one, two] = [
      await start(20, { storage: createStorageOver(store) }),
      await start(20, { storage: createStorageOver(store) }),
    ]
    const answers: number[] = []
    for (let index = 0; index < 30; index += 1) {
      answers.push(...(await statuses(index % 2 === 0 ? one : two, 1, '203.0.113.1')))
    }
    // Each replica counts the first tenth by itself.
    expect(answers.filter((status) => status === 401)).toHaveLength(22)
    expect(answers.slice(22)).toEqual(Array(8).fill(429))
  })

  it('are counted in the process while the store is down', async () => {
    const store = breakableStore()
    const broken = Object.assign(store, { createLimiter: () => brokenLimiter })
    const running = await start(3, { storage: createStorageOver(broken) })
    expect(await statuses(running, 4, '203.0.113.1')).toEqual([401, 401, 401, 429])
    expect(await statuses(running, 1, '203.0.113.2')).toEqual([401])
  })
})

const brokenLimiter = Object.assign(new MemoryStore().createLimiter('broken', { points: 1, seconds: 60 }), {
  consume: () => Promise.reject(new Error('connect ECONNREFUSED')),
})

const percentEncode = (letter: string) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`

function browserAt(address: string): Browser {
  const browser = new Browser()
  const request = browser.request.bind(browser)
  browser.request = (url, init = {}) => request(url, { ...init, headers: from(address) })
  return browser
}
