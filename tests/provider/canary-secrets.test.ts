import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { pino } from 'pino'
import { createStorageOver } from '../../provider/storage/create-storage-over.ts'
import {
  authorizationRequest,
  Browser,
  basic,
  introspect,
  obtainTokens,
  post,
  redeem,
  refresh,
  signIn,
} from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'
import { breakableStore } from '../support/stores.ts'

const canary = 'canary-7f3a91'
const store = breakableStore()
const lines: string[] = []
/** No redaction: nothing may be given to a logger in the first place. */
const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) })
const secrets = new Set([canary])
const answers: string[] = []
let running: RunningProvider

/** A run of all flows, with what goes wrong in them. Each secret that is sent or issued is noted. */
beforeAll(async () => {
  running = await startProvider({ storage: createStorageOver(store), logger })
  const { issuer, config } = running
  const offline = { scope: 'read offline_access', prompt: 'consent' }

  const browser = new Browser()
  const request = authorizationRequest(running, offline)
  const page = await browser.open(request.url)
  const failed = await browser.submit(page, 'continue', { username: 'alice', password: `${canary}-password` })
  answers.push(failed.text, failed.url)
  const redirect = await signIn(browser, request, 'alice')
  const code = redirect.searchParams.get('code') ?? ''
  const tokens = (await redeem(running, request, redirect)).body
  for (const secret of [code, request.codeVerifier, tokens.access_token, tokens.refresh_token]) {
    secrets.add(String(secret))
  }
  for (const name of ['gatehouse_session', 'gatehouse_session.sig']) {
    const cookies = await browser.jar.getCookies(issuer)
    const value = cookies.find(({ key }) => key === name)?.value
    if (value) secrets.add(value)
  }

  const wrong = basic({ id: config.resourceClient.id, secret: `${canary}-secret` })
  const failures = [
    await redeem(running, request, redirect),
    await post(`${issuer}/introspect`, { token: String(tokens.access_token) }, wrong),
    await post(`${issuer}/revoke`, { token: `${canary}-token`, client_id: config.client.id }),
    await refresh(running, `${canary}-refresh`),
    await post(`${issuer}/token`, {
      grant_type: 'authorization_code',
      client_id: config.client.id,
      code: `${canary}-code`,
      redirect_uri: request.redirectUri,
      code_verifier: `${canary}-verifier`.repeat(4),
    }),
    await post(`${issuer}/token`, { grant_type: canary, client_id: config.client.id, client_secret: canary }),
    await post(`${issuer}/register`, { client_secret: canary }),
  ]
  const again = (await obtainTokens(running, 'bob', offline)).body
  for (const secret of [again.access_token, again.refresh_token]) secrets.add(String(secret))
  store.down = true
  failures.push(await introspect(running, again.access_token), await refresh(running, again.refresh_token))
  store.down = false
  answers.push(...failures.map(({ body, headers }) => JSON.stringify([body, [...headers]])))
})
afterAll(() => running.stop())

describe('a secret (attack 51)', () => {
  it('stands in no log, though the log tells what happened', () => {
    const log = lines.join('')
    expect(log).toContain('token_replayed')
    expect(log).toContain('ECONNREFUSED')
    expect(secrets.size).toBeGreaterThan(6)
    // The grant type is a word that the caller chose, and no secret.
    const searched = log.replaceAll(`"grant_type":"${canary}"`, '')
    for (const secret of secrets) expect(searched).not.toContain(secret)
  })

  it('comes back in no error', () => {
    for (const answer of answers) {
      for (const secret of secrets) expect(answer).not.toContain(secret)
    }
  })

  it('goes to no other site by the address of a page: none is sent as Referer', async () => {
    const { headers } = await new Browser().open(authorizationRequest(running).url)
    expect(headers.get('referrer-policy')).toBe('no-referrer')
  })

  it('and no line break makes a second record of one', async () => {
    const before = lines.length
    const forged = 'x\r\n{"level":30,"event":"login","account":"admin"}'
    await post(`${running.issuer}/token`, { grant_type: forged, client_id: forged, client_secret: forged })
    await new Browser().open(authorizationRequest(running, { client_id: forged }).url)
    const written = lines.slice(before)
    expect(written.length).toBeGreaterThan(0)
    for (const line of written) {
      expect(line.trimEnd()).not.toMatch(/[\r\n]/)
      expect(JSON.parse(line).event).not.toBe('login')
    }
  })
})
