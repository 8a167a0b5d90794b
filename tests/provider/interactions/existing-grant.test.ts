import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { registerClient } from '../../support/account-page.ts'
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

const documentId = 'https://app.example/client.json'
const documentClient = { client_id: documentId, redirect_uri: 'https://app.example/callback' }

let running: RunningProvider
beforeAll(async () => {
  jest.spyOn(console, 'warn').mockImplementation(() => {})
  running = await startProvider({
    fetch: async () =>
      Response.json({
        client_id: documentId,
        client_name: 'Document client',
        redirect_uris: [documentClient.redirect_uri],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
      }),
  })
})
afterAll(() => running.stop())

const lasting = { scope: 'offline_access read write', prompt: 'consent' }
const asksForConsent = async (browser: Browser, params: Record<string, string>) =>
  (await browser.open(authorizationRequest(running, params).url)).document.querySelector(
    'button[value=allow]',
  ) !== null

describe('consent is asked for again although it was given before', () => {
  it('of a client that registered itself, in the same browser (attack 13)', async () => {
    const client = await registerClient(running, 'Registered', 'registered.example')
    const browser = new Browser()
    await obtainTokens(running, 'alice', client, browser)
    expect(await asksForConsent(browser, client)).toBe(true)
  })

  it('of a client that describes itself by a document (attack 13)', async () => {
    const browser = new Browser()
    await obtainTokens(running, 'alice', documentClient, browser)
    expect(await asksForConsent(browser, documentClient)).toBe(true)
  })

  it('of a native client, set up here or not (attack 13)', async () => {
    const browser = new Browser()
    await obtainTokens(running, 'alice', {}, browser)
    expect(await asksForConsent(browser, {})).toBe(true)
  })
})

describe('a client with a metadata document that signs in again (attack 30)', () => {
  it('leaves the other devices signed in', async () => {
    const params = { ...documentClient, ...lasting }
    const one = await obtainTokens(running, 'alice', params)
    const other = await obtainTokens(running, 'alice', params)
    await obtainTokens(running, 'alice', { ...params, scope: 'offline_access read' })
    for (const { body } of [one, other]) {
      expect((await introspect(running, body.access_token)).body).toMatchObject({
        active: true,
        scope: 'read write',
      })
      const renewed = await refresh(running, body.refresh_token, { client_id: documentId })
      expect(renewed).toMatchObject({ status: 200, body: { scope: 'read write' } })
    }
  })

  it('leaves them signed in even when its code is stolen and used twice', async () => {
    const params = { ...documentClient, ...lasting }
    const device = await obtainTokens(running, 'alice', params)
    const request = authorizationRequest(running, params)
    const redirect = await signIn(new Browser(), request, 'alice')
    const [first, second] = [
      await redeem(running, request, redirect),
      await redeem(running, request, redirect),
    ]
    expect(second.body.error).toBe('invalid_grant')
    expect((await introspect(running, first.body.access_token)).body.active).toBe(false)
    expect((await introspect(running, device.body.access_token)).body.active).toBe(true)
  })
})
