import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { application, disconnect, disconnection, openAccountPage } from '../../support/account-page.ts'
import { writeClientsFile } from '../../support/clients-file.ts'
import { type Answer, authorizationRequest, Browser, basic, introspect, post } from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

const redirect_uri = 'https://portal.example/callback'
const secret = 'a-secret-of-more-than-32-characters'
const clients = [
  { client_id: 'portal', client_name: 'Portal', client_secret: secret, redirect_uris: [redirect_uri] },
  { client_id: 'page', token_endpoint_auth_method: 'none', redirect_uris: [redirect_uri] },
]

let running: RunningProvider
let browser: Browser
beforeEach(async () => {
  running = await startProvider({ env: { CLIENTS: writeClientsFile(clients) } })
  browser = new Browser()
})
afterEach(() => running.stop())

const request = (params: Record<string, string | undefined> = {}) =>
  authorizationRequest(running, { client_id: 'portal', redirect_uri, scope: 'openid read write', ...params })

/** Signs alice in as far as the consent page, or as far as the redirect when there is none. */
async function open(asked = request(), by = browser): Promise<Answer> {
  const page = await by.open(asked.url)
  return page.document.querySelector('#password')
    ? by.submit(page, 'continue', { username: 'alice', password: 'password123' })
    : page
}

const isConsent = ({ document }: Answer) => document.querySelector('button[value=allow]') !== null
const code = ({ headers }: Answer) => new URL(headers.get('location') ?? '').searchParams.get('code') ?? ''

describe('the consent of a web application that was set up here and has a secret', () => {
  it('is asked for once, and spares the question in every browser of the user', async () => {
    await browser.submit(await open(), 'allow')
    for (const by of [browser, new Browser()]) {
      const asked = request()
      const answer = await open(asked, by)
      expect(isConsent(answer)).toBe(false)
      const { body } = await post(
        `${running.issuer}/token`,
        {
          grant_type: 'authorization_code',
          code: code(answer),
          redirect_uri,
          code_verifier: asked.codeVerifier,
        },
        basic({ id: 'portal', secret }),
      )
      expect((await introspect(running, body.access_token)).body).toMatchObject({ scope: 'read write' })
    }
  })

  it('is asked for when something new is: a scope more, one that was left out, or by prompt=consent', async () => {
    await browser.submit(await open(request({ scope: 'read' })), 'allow')
    expect(isConsent(await open(request({ scope: 'read' })))).toBe(false)
    expect(isConsent(await open(request({ scope: 'read', prompt: 'consent' })))).toBe(true)
    const wider = await open(request({ scope: 'read write' }))
    expect(isConsent(wider)).toBe(true)
    await browser.submit(wider, 'allow', {}, ['write'])
    expect(isConsent(await open(request({ scope: 'read write' })))).toBe(true)
    expect(isConsent(await open(request({ scope: 'read' })))).toBe(false)
  })

  it('is asked for again when the user has disconnected it', async () => {
    await browser.submit(await open(), 'allow')
    const page = await openAccountPage(running, browser)
    await disconnect(running, browser, disconnection(application(page, 'Portal')))
    expect(isConsent(await open())).toBe(true)
  })

  it('is another user’s business', async () => {
    await browser.submit(await open(), 'allow')
    const other = new Browser()
    const login = await other.open(request().url)
    const page = await other.submit(login, 'continue', { username: 'bob', password: 'secret456' })
    expect(isConsent(page)).toBe(true)
  })
})

it('the consent of a web application without a secret is asked for each time', async () => {
  const asked = request({ client_id: 'page' })
  await browser.submit(await open(asked), 'allow')
  expect(isConsent(await open(asked))).toBe(true)
})
