import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { captureLog } from '../../support/captured-log.ts'
import { authorizationRequest, Browser, basic, post } from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

const log = captureLog()
let running: RunningProvider
beforeAll(async () => {
  const env = { RATE_LIMIT_ANONYMOUS: '20', TRUST_PROXY: 'loopback' }
  running = await startProvider({ logger: log.logger, env })
})
afterAll(() => running.stop())

const from = (address: string) => ({ 'x-forwarded-for': address })

/** What is written down while something is done. */
async function recorded(action: () => Promise<unknown>): Promise<readonly Record<string, unknown>[]> {
  const before = log.records().length
  await action()
  return log.records().slice(before)
}

it('writes one record for all 429s of a network in a minute, whatever was asked and from which of its addresses', async () => {
  const address = '203.0.113.1'
  const records = await recorded(async () => {
    for (let index = 0; index < 25; index += 1) {
      await post(`${running.issuer}/revoke`, { token: 'x', client_id: 'nobody' }, from(address))
      await post(`${running.issuer}/device`, { user_code: 'BBBBBBBB' }, from(address))
      await fetch(`${running.issuer}/register`, { method: 'POST', body: '{}', headers: from(address) })
    }
  })
  expect(records.filter(({ event }) => event === 'rate_limited')).toEqual([
    expect.objectContaining({ address }),
  ])
  const others = await recorded(async () => {
    for (let index = 0; index < 90; index += 1) {
      const headers = from(`2001:db8:1:${index.toString(16)}::1`)
      await post(`${running.issuer}/revoke`, { token: 'x', client_id: 'nobody' }, headers)
    }
  })
  expect(others.filter(({ event }) => event === 'rate_limited')).toHaveLength(1)
})

it('writes one record for all logins of a network in a minute that are too many', async () => {
  const records = await recorded(async () => {
    for (let index = 0; index < 9; index += 1) {
      const browser = new Browser()
      const page = await browser.open(authorizationRequest(running).url)
      await browser.submit(page, 'continue', { username: 'bob', password: 'wrong' })
    }
  })
  expect(records.filter(({ event }) => event === 'login_failed')).toHaveLength(5)
  expect(records.filter(({ event }) => event === 'login_limited')).toHaveLength(1)
  expect(records).toHaveLength(6)
})

it.each<[string, () => Promise<unknown>]>([
  ['a code that nobody has', () => grant({ grant_type: 'authorization_code', code: 'x', redirect_uri: 'x' })],
  ['a refresh token that nobody has', () => grant({ grant_type: 'refresh_token', refresh_token: 'x' })],
  ['a grant that does not exist', () => grant({ grant_type: 'magic' })],
  ['a client that nobody knows', () => grant({ grant_type: 'refresh_token', client_id: 'nobody' })],
  [
    'a guessed secret',
    () => post(`${running.issuer}/introspect`, { token: 'x' }, { ...basic(guess), ...from('203.0.113.9') }),
  ],
  ['a revocation by nobody', () => post(`${running.issuer}/revoke`, { token: 'x' }, from('203.0.113.10'))],
  ['a registration without a body', () => register('{}')],
  ['a registration that is no JSON', () => register('{')],
  ['an unknown redirect URI', () => authorize({ redirect_uri: 'https://evil.example/' })],
  ['an unknown scope', () => authorize({ scope: 'everything' })],
  ['a request without PKCE', () => authorize({ code_challenge: '' })],
])('writes at most one record for a request that is refused: %s', async (_what, send) => {
  const records = await recorded(send)
  expect(records.length).toBeLessThanOrEqual(1)
})

const guess = { id: 'mcp-server', secret: 'guess' }
const grant = (form: Record<string, string>) =>
  post(`${running.issuer}/token`, { client_id: 'test-client', ...form }, from('203.0.113.8'))
const register = (body: string) =>
  fetch(`${running.issuer}/register`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...from(`203.0.113.${20 + body.length}`) },
  })

function authorize(changed: Readonly<Record<string, string>>): Promise<Response> {
  const url = new URL(authorizationRequest(running).url)
  for (const [name, value] of Object.entries(changed)) url.searchParams.set(name, value)
  return fetch(url, { redirect: 'manual', headers: from('203.0.113.7') })
}
