import { type HTMLElement, parse } from 'node-html-parser'
import { CookieJar } from 'tough-cookie'
import { createBoundedFetch } from '../runtime/bounded-fetch.ts'

/** Who types into the login form. */
export interface FormUser {
  readonly username: string
  readonly password: string
}

/** What the browser met on its way. */
export type BrowserEvent =
  | { readonly kind: 'login' }
  | { readonly kind: 'consent' }
  | { readonly kind: 'redirect'; readonly url: URL }

/** More pages and redirects than any sign-in needs. */
const maxSteps = 20

/**
 * A browser without a screen: follows redirects, keeps cookies, fills in the login form, agrees to
 * whatever it is asked next, and stops at the first page without a form.
 * Knows no server in particular: forms are told apart by their password field.
 * @throws Error when the login form comes back, or there is no end
 */
export async function browse(
  start: URL,
  user: FormUser,
  onEvent: (event: BrowserEvent) => void,
): Promise<void> {
  const jar = new CookieJar(undefined, { allowSpecialUseDomain: true, rejectPublicSuffixes: false })
  let request: FormRequest = { url: start }
  let hasLoggedIn = false
  for (let steps = 0; steps < maxSteps; steps++) {
    const response = await send(request, jar)
    const location = response.headers.get('location')
    if (response.status >= 300 && response.status < 400 && location !== null) {
      const url = new URL(location, request.url)
      onEvent({ kind: 'redirect', url })
      request = { url }
      continue
    }
    const document = parse(await response.text())
    const form = document.querySelector('form:has(input[type=password])') ?? document.querySelector('form')
    if (!form) return
    const asksForPassword = form.querySelector('input[type=password]') !== null
    if (asksForPassword && hasLoggedIn)
      throw new Error(`${request.url.origin} does not let ${user.username} in.`)
    hasLoggedIn ||= asksForPassword
    onEvent({ kind: asksForPassword ? 'login' : 'consent' })
    request = submit(form, user, request.url)
  }
  throw new Error(`The sign-in at ${start.origin} has no end.`)
}

interface FormRequest {
  readonly url: URL
  /** The fields of a POST; absent for a GET. */
  readonly fields?: URLSearchParams
}

async function send({ url, fields }: FormRequest, jar: CookieJar): Promise<Response> {
  const response = await createBoundedFetch()(url, {
    method: fields ? 'POST' : 'GET',
    headers: { accept: 'text/html', cookie: await jar.getCookieString(url.href) },
    redirect: 'manual',
    ...(fields && { body: fields }),
  })
  for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, url.href)
  return response
}

/** What a browser would send for the form, with the user's answers in it. */
function submit(form: HTMLElement, user: FormUser, page: URL): FormRequest {
  const fields = new URLSearchParams()
  for (const input of form.querySelectorAll('input')) {
    const name = input.getAttribute('name')
    const value = answerTo(input, user)
    if (name && value !== undefined) fields.append(name, value)
  }
  const button = form.querySelectorAll('button, input[type=submit]').find(isAgreement)
  const name = button?.getAttribute('name')
  if (name) fields.append(name, button?.getAttribute('value') ?? '')
  const url = new URL(button?.getAttribute('formaction') ?? form.getAttribute('action') ?? '', page)
  if (form.getAttribute('method')?.toLowerCase() === 'post') return { url, fields }
  url.search = fields.toString()
  return { url }
}

/** Undefined for what is not sent: buttons, and boxes that are not ticked. */
function answerTo(input: HTMLElement, { username, password }: FormUser): string | undefined {
  switch (input.getAttribute('type') ?? 'text') {
    case 'password':
      return password
    case 'text':
    case 'email':
      return username
    case 'checkbox':
    case 'radio':
      return input.hasAttribute('checked') ? (input.getAttribute('value') ?? 'on') : undefined
    case 'submit':
    case 'button':
    case 'reset':
    case 'image':
      return undefined
    default:
      return input.getAttribute('value') ?? ''
  }
}

function isAgreement(button: HTMLElement): boolean {
  const words = [button.text, button.getAttribute('value'), button.getAttribute('name')].join(' ')
  return (
    button.getAttribute('type') !== 'button' &&
    !/\b(deny|denied|cancel|abort|reject|refuse|decline)\b/i.test(words)
  )
}
