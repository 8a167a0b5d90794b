import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  application,
  disconnect,
  disconnection,
  openAccountPage,
  registerClient,
} from '../../support/account-page.ts'
import { captureLog } from '../../support/captured-log.ts'
import {
  authorizationRequest,
  Browser,
  basic,
  introspect,
  post,
  redeem,
  refresh,
  signIn,
} from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

const log = captureLog()
const address = '127.0.0.1'
const client_id = 'test-client'
let now = Date.now()
let running: RunningProvider
beforeAll(async () => {
  running = await startProvider({ logger: log.logger, now: () => now })
})
afterAll(() => running.stop())

/** What is written down while something is done, without what every record has. */
async function recorded(action: () => Promise<unknown>): Promise<readonly Record<string, unknown>[]> {
  const before = log.records().length
  await action()
  return log.records().slice(before)
}

const offline = { scope: 'read offline_access', prompt: 'consent' }
const tokensOf = async (browser = new Browser()) => {
  const request = authorizationRequest(running, offline)
  const redirect = await signIn(browser, request, 'alice')
  return { request, redirect, body: (await redeem(running, request, redirect)).body }
}

describe('the audit trail', () => {
  it('tells who failed to sign in, and does not repeat what nobody is called', async () => {
    const records = await recorded(async () => {
      for (const username of ['alice', 'my password']) {
        const browser = new Browser()
        const page = await browser.open(authorizationRequest(running).url)
        await browser.submit(page, 'continue', { username, password: 'wrong' })
      }
    })
    expect(records).toEqual([
      expect.objectContaining({ event: 'login_failed', account: 'alice', reason: 'not_accepted', address }),
      expect.objectContaining({ event: 'login_failed', reason: 'unknown_account', address }),
    ])
    expect(JSON.stringify(records)).not.toContain('my password')
  })

  it('follows a person from the login to the tokens, by one identifier', async () => {
    const records = await recorded(async () => {
      const { body } = await tokensOf()
      await refresh(running, body.refresh_token)
    })
    const who = { sub: 'alice', client_id, address }
    expect(records).toEqual([
      expect.objectContaining({ event: 'login', account: 'alice', ...who }),
      expect.objectContaining({ event: 'consent', account: 'alice', scope: 'read offline_access', ...who }),
      expect.objectContaining({ event: 'token_issued', grant_type: 'authorization_code', ...who }),
      expect.objectContaining({ event: 'token_refreshed', grant_type: 'refresh_token', ...who }),
    ])
  })

  it('tells a consent that was refused', async () => {
    const records = await recorded(async () => {
      const browser = new Browser()
      await openAccountPage(running, browser)
      await browser.submit(await browser.open(authorizationRequest(running).url), 'deny')
    })
    expect(records.map(({ event }) => event)).toEqual(['login', 'consent_refused'])
  })

  it('tells the replay of a code and of a refresh token from a token that is not known', async () => {
    const [one, two] = [await tokensOf(), await tokensOf()]
    await refresh(running, two.body.refresh_token)
    const records = await recorded(async () => {
      await redeem(running, one.request, one.redirect)
      await refresh(running, two.body.refresh_token)
      await refresh(running, 'unknown')
    })
    const events = records.filter(({ event }) => event !== 'grant_revoked')
    expect(events).toEqual([
      expect.objectContaining({ event: 'token_replayed', grant_type: 'authorization_code', sub: 'alice' }),
      expect.objectContaining({ event: 'token_replayed', grant_type: 'refresh_token', sub: 'alice' }),
      expect.objectContaining({ event: 'token_refused', grant_type: 'refresh_token', client_id }),
    ])
  })

  it.each(['access_token', 'refresh_token'])('tells that a token is revoked, its %s', async (kind) => {
    const { body } = await tokensOf()
    const records = await recorded(() =>
      post(`${running.issuer}/revoke`, { token: String(body[kind]), client_id }),
    )
    expect(records).toContainEqual(
      expect.objectContaining({ event: 'token_revoked', sub: 'alice', client_id, address }),
    )
    expect(records.filter(({ event }) => event === 'token_revoked')).toHaveLength(1)
  })

  it('tells that an application was disconnected', async () => {
    const browser = new Browser()
    await tokensOf(browser)
    const page = await openAccountPage(running, browser)
    const fields = disconnection(application(page, 'MCP client'))
    const records = await recorded(() => disconnect(running, browser, fields))
    expect(records).toContainEqual(
      expect.objectContaining({ event: 'access_disconnected', account: 'alice', sub: 'alice', client_id }),
    )
  })

  it('tells registrations, also those that were refused', async () => {
    let registered = ''
    const records = await recorded(async () => {
      registered = (await registerClient(running, 'Helper', 'helper.example')).client_id
      await registerClient(running, 'x'.repeat(100), 'helper.example')
    })
    expect(records).toEqual([
      expect.objectContaining({ event: 'client_registered', client_id: registered, address }),
      expect.objectContaining({ event: 'registration_refused', address, reason: expect.any(String) }),
    ])
  })

  it('tells who could not prove to be a client, and what may not be asked for', async () => {
    const records = await recorded(async () => {
      await post(`${running.issuer}/introspect`, { token: 'x' }, basic({ id: 'mcp-server', secret: 'guess' }))
      await new Browser().open(authorizationRequest(running, { resource: 'https://evil.example/' }).url)
    })
    expect(records).toEqual([
      expect.objectContaining({ event: 'client_refused', client_id: 'mcp-server', address }),
      expect.objectContaining({ event: 'authorization_refused', client_id, address }),
    ])
  })

  it('says nothing of what happens at each call of a tool', async () => {
    const { body } = await tokensOf()
    expect(await recorded(() => introspect(running, body.access_token))).toEqual([])
  })

  it('tells that the keys were rotated, and to which', async () => {
    now += 91 * 86_400_000
    const records = await recorded(() => running.server.refreshKeys())
    const { keys } = await (await fetch(`${running.issuer}/jwks`)).json()
    expect(records).toEqual([expect.objectContaining({ event: 'keys_rotated', key_id: keys[0].kid })])
  })
})
