import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  type Answer,
  authorizationRequest,
  Browser,
  form,
  introspect,
  obtainTokens,
  post,
  redeem,
  refresh,
} from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

let running: RunningProvider
beforeEach(async () => {
  running = await startProvider()
})
afterEach(() => running.stop())

const everything = { scope: 'openid offline_access read write', prompt: 'consent' }

async function openConsent(
  browser: Browser,
  request: { url: string },
  username = 'alice',
  password = 'password123',
) {
  const page = await browser.open(request.url)
  return page.document.querySelector('#password')
    ? browser.submit(page, 'continue', { username, password })
    : page
}

/** Signs alice in, with a browser of its own, and allows all but what is left out. */
async function allowAllBut(leftOut: readonly string[], params: Record<string, string> = everything) {
  const browser = new Browser()
  const request = authorizationRequest(running, params)
  const answer = await browser.submit(await openConsent(browser, request), 'allow', {}, leftOut)
  const redirect = new URL(answer.headers.get('location') ?? '')
  return { redirect, tokens: async () => (await redeem(running, request, redirect)).body }
}

function boxes({ document }: Answer): Record<string, boolean> {
  return Object.fromEntries(
    document
      .querySelectorAll('input[type=checkbox]')
      .map((box) => [box.getAttribute('value'), box.hasAttribute('checked')]),
  )
}

const scopesOf = async (token: unknown) => (await introspect(running, token)).body.scope

describe('what is not ticked', () => {
  it('is not granted, at once or by a refresh', async () => {
    const { tokens } = await allowAllBut(['write'])
    const { access_token, refresh_token, scope } = await tokens()
    expect(scope).toBe('read')
    expect(await scopesOf(access_token)).toBe('read')
    const wider = await refresh(running, refresh_token, { scope: 'read write' })
    expect(wider.body.error).toBe('invalid_scope')
    const renewed = await refresh(running, refresh_token)
    expect(await scopesOf(renewed.body.access_token)).toBe('read')
  })

  it('offline_access: there is no refresh token', async () => {
    const { tokens } = await allowAllBut(['offline_access'])
    const body = await tokens()
    expect(body).toMatchObject({ scope: 'read write', id_token: expect.any(String) })
    expect(body).not.toHaveProperty('refresh_token')
  })

  it('openid: there is no ID token', async () => {
    const { tokens } = await allowAllBut(['openid'])
    const body = await tokens()
    expect(body).toMatchObject({ scope: 'read write', refresh_token: expect.any(String) })
    expect(body).not.toHaveProperty('id_token')
  })

  it.each([
    ['everything', ['openid', 'offline_access', 'read', 'write']],
    ['all that permits something', ['openid', 'read', 'write']],
  ])('%s: the request is denied', async (_, leftOut) => {
    const { redirect } = await allowAllBut(leftOut)
    expect(redirect.searchParams.get('error')).toBe('access_denied')
  })
})

describe('a ticked scope', () => {
  it.each([
    ['that was not asked for', 'write', { scope: 'read' }],
    ['that the account does not have', 'admin', { scope: 'read admin' }],
    ['of no known name', '__proto__', { scope: 'read' }],
  ])('%s is not granted', async (_, added, params) => {
    const browser = new Browser()
    const request = authorizationRequest(running, params)
    const { action, body } = form(await openConsent(browser, request), 'allow')
    body.append('scope', added)
    const answer = await browser.open(action, { method: 'POST', body })
    const tokens = await redeem(running, request, new URL(answer.headers.get('location') ?? ''))
    expect(await scopesOf(tokens.body.access_token)).toBe('read')
  })
})

describe('an earlier choice', () => {
  it('is preselected in another browser, and what is new is ticked', async () => {
    const first = { scope: 'offline_access read', prompt: 'consent' }
    await allowAllBut(['offline_access'], first)
    const page = await openConsent(new Browser(), authorizationRequest(running, everything))
    expect(boxes(page)).toEqual({ read: true, write: true, openid: true, offline_access: false })
    expect(page.document.text).toContain('You left this out last time.')
    await allowAllBut(['openid', 'write'])
    const next = await openConsent(new Browser(), authorizationRequest(running, everything))
    // offline_access was left unticked: what is preselected is what a person would submit.
    expect(boxes(next)).toEqual({ read: true, write: false, openid: false, offline_access: false })
  })

  it('is another account’s business', async () => {
    await allowAllBut(['write'])
    const page = await openConsent(
      new Browser(),
      authorizationRequest(running, everything),
      'admin',
      'admin789',
    )
    expect(boxes(page)).toEqual({ read: true, write: true, openid: true, offline_access: true })
  })
})

describe('a later consent', () => {
  it('leaves earlier tokens as they were: nothing lost, nothing gained', async () => {
    const wide = await obtainTokens(running, 'admin', everything)
    const browser = new Browser()
    const request = authorizationRequest(running, everything)
    const page = await openConsent(browser, request, 'admin', 'admin789')
    const answer = await browser.submit(page, 'allow', {}, ['write'])
    const narrow = await redeem(running, request, new URL(answer.headers.get('location') ?? ''))
    expect(await scopesOf(wide.body.access_token)).toBe('read write')
    const renewed = await refresh(running, wide.body.refresh_token)
    expect(await scopesOf(renewed.body.access_token)).toBe('read write')

    await obtainTokens(running, 'admin', { ...everything, scope: 'offline_access read write admin' })
    const stillNarrow = await refresh(running, narrow.body.refresh_token)
    expect(await scopesOf(stillNarrow.body.access_token)).toBe('read')
  })

  it('is ended without the earlier ones: signing out on one device leaves the others signed in', async () => {
    const [one, other] = [
      await obtainTokens(running, 'admin', everything),
      await obtainTokens(running, 'admin', everything),
    ]
    const { id } = running.config.client
    await post(`${running.issuer}/revoke`, { client_id: id, token: String(one.body.refresh_token) })
    expect(await scopesOf(one.body.access_token)).toBeUndefined()
    expect(await scopesOf(other.body.access_token)).toBe('read write')
    expect((await refresh(running, other.body.refresh_token)).status).toBe(200)
  })
})
