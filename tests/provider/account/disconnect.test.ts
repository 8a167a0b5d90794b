import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  application,
  applications,
  disconnect,
  disconnection,
  openAccountPage,
  registerClient,
} from '../../support/account-page.ts'
import { type CapturedLog, captureLog } from '../../support/captured-log.ts'
import {
  authorizationRequest,
  Browser,
  introspect,
  obtainTokens,
  redeem,
  refresh,
  signIn,
} from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

const lasting = { scope: 'openid offline_access read write', prompt: 'consent' }

let log: CapturedLog
let running: RunningProvider
beforeEach(async () => {
  log = captureLog()
  running = await startProvider({ logger: log.logger })
})
afterEach(() => running.stop())

const isActive = async (token: unknown) => (await introspect(running, token)).body.active

describe('disconnecting', () => {
  it('ends all that the application has, on all devices, and nothing else', async () => {
    const other = await registerClient(running, 'Helper', 'app.example')
    const [one, two, helper, bobs] = [
      await obtainTokens(running, 'alice', lasting),
      await obtainTokens(running, 'alice', lasting),
      await obtainTokens(running, 'alice', { ...other, scope: 'read' }),
      await obtainTokens(running, 'bob', { scope: 'read' }),
    ]
    const request = authorizationRequest(running, lasting)
    const pendingCode = await signIn(new Browser(), request, 'alice')

    const browser = new Browser()
    const page = await openAccountPage(running, browser)
    const answer = await disconnect(running, browser, disconnection(application(page, 'MCP client')))
    expect(answer).toMatchObject({ status: 303 })
    const after = await browser.open(new URL(answer.headers.get('location') ?? '', running.issuer).href)
    expect(after.document.querySelector('[role=status]')?.text).toContain('disconnected')
    expect(applications(after).map((item) => item.querySelector('h2')?.text)).toEqual(['Helper'])

    for (const { body } of [one, two]) {
      expect(await isActive(body.access_token)).toBe(false)
      expect((await refresh(running, body.refresh_token)).body.error).toBe('invalid_grant')
    }
    expect((await redeem(running, request, pendingCode)).body.error).toBe('invalid_grant')
    expect(await isActive(helper.body.access_token)).toBe(true)
    expect(await isActive(bobs.body.access_token)).toBe(true)
    expect(log.records().find(({ event }) => event === 'access_disconnected')).toMatchObject({
      account: 'alice',
      client_id: running.config.client.id,
      address: '127.0.0.1',
    })
  })

  it('forgets what was chosen, and lets the application be connected anew', async () => {
    const browser = new Browser()
    await openAccountPage(running, browser)
    const consent = await browser.open(authorizationRequest(running, lasting).url)
    await browser.submit(consent, 'allow', {}, ['write'])
    await disconnect(
      running,
      browser,
      disconnection(application(await openAccountPage(running, browser), 'MCP client')),
    )
    const page = await browser.open(authorizationRequest(running, lasting).url)
    expect(page.document.querySelector('input[value=write]')?.hasAttribute('checked')).toBe(true)
    const { body } = await obtainTokens(running, 'alice', lasting)
    expect(await isActive(body.access_token)).toBe(true)
  })

  it.each([
    ['without its form token', (body: URLSearchParams) => body.delete('form_token')],
    ['with a token that was made up', (body: URLSearchParams) => body.set('form_token', 'A'.repeat(43))],
  ])('%s is refused, and ends nothing (attack 12)', async (_, change) => {
    const { body } = await obtainTokens(running, 'alice', lasting)
    const browser = new Browser()
    const fields = disconnection(application(await openAccountPage(running, browser), 'MCP client'))
    change(fields)
    expect((await disconnect(running, browser, fields)).status).toBe(403)
    expect(await isActive(body.access_token)).toBe(true)
  })

  it('from another browser, signed in or not, or as another account is refused (attack 12)', async () => {
    const { body } = await obtainTokens(running, 'alice', lasting)
    const fields = disconnection(application(await openAccountPage(running, new Browser()), 'MCP client'))
    const [alices, bobs] = [new Browser(), new Browser()]
    await openAccountPage(running, alices)
    await openAccountPage(running, bobs, 'bob')
    for (const browser of [alices, bobs, new Browser()]) {
      const answer = await disconnect(running, browser, fields)
      expect(answer.status).toBe(403)
      expect(answer.document.text).toContain('Nothing was changed.')
    }
    expect(await isActive(body.access_token)).toBe(true)
  })

  it('reaches no other account’s grants, whatever client is named', async () => {
    const { body } = await obtainTokens(running, 'alice', lasting)
    await obtainTokens(running, 'bob', lasting)
    const browser = new Browser()
    const fields = disconnection(application(await openAccountPage(running, browser, 'bob'), 'MCP client'))
    expect((await disconnect(running, browser, fields)).status).toBe(303)
    for (const client of ['nobody', '', '__proto__', '["alice","test-client"]']) {
      fields.set('client_id', client)
      expect((await disconnect(running, browser, fields)).status).toBe(303)
    }
    expect(await isActive(body.access_token)).toBe(true)
  })
})
