import type { HTMLElement } from 'node-html-parser'
import { testAccounts } from '../../config/index.ts'
import type { Answer, Browser } from './sign-in.ts'
import type { RunningProvider } from './start-provider.ts'

/** Opens the page of connected applications, signing in when it asks. */
export async function openAccountPage(
  { issuer }: Pick<RunningProvider, 'issuer'>,
  browser: Browser,
  username = 'alice',
): Promise<Answer> {
  const page = await browser.open(`${issuer}/account`)
  if (!page.document.querySelector('#password')) return page
  const password = testAccounts.find((account) => account.username === username)?.password ?? ''
  return browser.submit(page, 'continue', { username, password })
}

/** The applications on the page. */
export function applications({ document }: Answer): readonly HTMLElement[] {
  return document.querySelectorAll('ul.applications > li')
}

/** The application of that name. @throws Error when it is not on the page */
export function application(page: Answer, name: string): HTMLElement {
  const found = applications(page).find((item) => item.querySelector('h2')?.text === name)
  if (!found) throw new Error(`${name} is not on the page: ${page.text}`)
  return found
}

/** What pressing the application's button would send. */
export function disconnection(item: HTMLElement): URLSearchParams {
  const fields = item.querySelectorAll('input')
  return new URLSearchParams(
    fields.map((field) => [field.getAttribute('name') ?? '', field.getAttribute('value') ?? '']),
  )
}

/** Sends the form of an application. No redirect is followed. */
export function disconnect(
  { issuer }: Pick<RunningProvider, 'issuer'>,
  browser: Browser,
  body: URLSearchParams,
): Promise<Answer> {
  return browser.request(`${issuer}/account/disconnect`, { method: 'POST', body })
}

/** Registers a public client that is answered at a host of its own (RFC 7591). */
export async function registerClient(
  { issuer }: Pick<RunningProvider, 'issuer'>,
  name: string,
  host: string,
) {
  const redirect_uri = `https://${host}/callback`
  const response = await fetch(`${issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: name,
      redirect_uris: [redirect_uri],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
    }),
  })
  const { client_id } = await response.json()
  return { client_id: String(client_id), redirect_uri }
}
