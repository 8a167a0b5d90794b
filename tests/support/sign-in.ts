import { createHash, randomBytes } from 'node:crypto'
import { type HTMLElement, parse } from 'node-html-parser'
import { CookieJar } from 'tough-cookie'
import { testAccounts } from '../../config/index.ts'
import type { RunningProvider } from './start-provider.ts'

/** What signing in has to know of a provider. */
type SignInTarget = Pick<RunningProvider, 'issuer' | 'config'>

/** One answer, read to its end. */
export interface Answer {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly document: HTMLElement
}

/** Cookies, redirects and forms: as much of a browser as signing in takes. */
export class Browser {
  readonly jar = new CookieJar()

  /** One request, no redirect followed. */
  async request(url: string, init: RequestInit = {}): Promise<Answer> {
    const headers = new Headers(init.headers)
    headers.set('cookie', await this.jar.getCookieString(url))
    if (!headers.has('accept')) headers.set('accept', 'text/html')
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) await this.jar.setCookie(cookie, url)
    const text = await response.text()
    return { url, status: response.status, headers: response.headers, text, document: parse(text) }
  }

  /** Follows redirects up to a page, or up to the redirect that leaves the origin. */
  async open(url: string, init?: RequestInit): Promise<Answer> {
    const answer = await this.request(url, init)
    const location = answer.headers.get('location')
    if (location === null) return answer
    const target = new URL(location, url)
    return target.origin === new URL(url).origin ? this.open(target.href) : answer
  }

  /** Fills in the page's form, unticks what is `unticked`, and presses the button with that value. */
  async submit(
    page: Answer,
    decision: string,
    fields: Record<string, string> = {},
    unticked: readonly string[] = [],
  ): Promise<Answer> {
    const { action, body } = form(page, decision, fields)
    for (const scope of unticked) body.delete('scope', scope)
    return this.open(action, { method: 'POST', body })
  }
}

/** What pressing a button of the page's form would send. */
export function form(page: Answer, decision: string, fields: Record<string, string> = {}) {
  const element = page.document.querySelector('form')
  if (!element) throw new Error(`There is no form at ${page.url} (${page.status}): ${page.text}`)
  const body = new URLSearchParams()
  for (const input of element.querySelectorAll('input')) {
    if (input.getAttribute('type') === 'checkbox' && !input.hasAttribute('checked')) continue
    body.append(input.getAttribute('name') ?? '', input.getAttribute('value') ?? '')
  }
  for (const [name, value] of Object.entries(fields)) body.set(name, value)
  body.set('decision', decision)
  return { action: new URL(element.getAttribute('action') ?? '', page.url).href, body }
}

/** An authorization request in the making. */
export interface AuthorizationRequest {
  readonly url: string
  readonly codeVerifier: string
  readonly redirectUri: string
  readonly clientId: string
}

/** @param params put over the defaults; undefined leaves one out */
export function authorizationRequest(
  { issuer, config }: SignInTarget,
  params: Record<string, string | undefined> = {},
): AuthorizationRequest {
  const codeVerifier = randomBytes(32).toString('base64url')
  const all: Record<string, string | undefined> = {
    client_id: config.client.id,
    redirect_uri: 'http://127.0.0.1:43210/callback',
    response_type: 'code',
    scope: 'read',
    resource: config.resource,
    state: 'a-state',
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...params,
  }
  const url = new URL('/authorize', issuer)
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value)
  return {
    url: url.href,
    codeVerifier,
    redirectUri: all.redirect_uri ?? '',
    clientId: all.client_id ?? '',
  }
}

/** Signs in one of the test accounts and allows what is asked, up to the redirect to the client. */
export async function signIn(browser: Browser, request: Pick<AuthorizationRequest, 'url'>, username: string) {
  const password = testAccounts.find((account) => account.username === username)?.password ?? ''
  let page = await browser.open(request.url)
  if (page.document.querySelector('#password')) {
    page = await browser.submit(page, 'continue', { username, password })
  }
  if (page.headers.get('location') === null) page = await browser.submit(page, 'allow')
  const location = page.headers.get('location')
  if (location === null) throw new Error(`No redirect but ${page.status}: ${page.text}`)
  return new URL(location)
}

/** An answer of the token, revocation or introspection endpoint. */
export interface JsonAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** Posts a form as a client does. */
export async function post(
  url: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<JsonAnswer> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields), headers })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text.startsWith('{') ? JSON.parse(text) : {},
  }
}

/** Redeems the code that a redirect brought. */
export function redeem({ issuer }: SignInTarget, request: AuthorizationRequest, redirect: URL) {
  return post(`${issuer}/token`, {
    grant_type: 'authorization_code',
    client_id: request.clientId,
    code: redirect.searchParams.get('code') ?? '',
    redirect_uri: request.redirectUri,
    code_verifier: request.codeVerifier,
  })
}

/** Signs in with a browser of its own and redeems the code. */
export async function obtainTokens(
  running: SignInTarget,
  username: string,
  params: Record<string, string | undefined> = {},
  browser = new Browser(),
): Promise<JsonAnswer> {
  const request = authorizationRequest(running, params)
  return redeem(running, request, await signIn(browser, request, username))
}

/** Uses a refresh token as the preregistered client does. */
export function refresh({ issuer, config }: SignInTarget, token: unknown, fields = {}) {
  return post(`${issuer}/token`, {
    grant_type: 'refresh_token',
    client_id: config.client.id,
    refresh_token: String(token),
    ...fields,
  })
}

/** Asks about a token as the resource server does. */
export function introspect({ issuer, config: { resourceClient } }: SignInTarget, token: unknown) {
  return post(`${issuer}/introspect`, { token: String(token) }, basic(resourceClient))
}

/** HTTP Basic authentication (RFC 6749 §2.3.1), for credentials that need no encoding. */
export function basic({ id, secret = '' }: { id: string; secret?: string }): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}
