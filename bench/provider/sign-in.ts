import { createHash, randomBytes } from 'node:crypto'
import type { Answer, HttpClient, Request } from './http-client.ts'

/** The client that comes with the provider, and where it is answered. */
const clientId = 'test-client'
const redirectUri = 'http://127.0.0.1:43210/callback'

/** More pages and redirects than any sign-in needs. */
const mostSteps = 12

/** Who signs in. The stock pages take any password. */
export interface Person {
  readonly username: string
  readonly password: string
}

/** What a sign-in led to, and what redeems it. */
export interface Code {
  readonly code: string
  readonly verifier: string
}

/** The answer of the token endpoint. */
export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

/**
 * Goes from the authorization request to the code with a browser of its own: follows redirects, keeps
 * cookies, fills in the login form, agrees to what is asked.
 * @throws Error with the page that it does not get beyond
 */
export async function signIn(http: HttpClient, person: Person): Promise<Code> {
  const verifier = randomBytes(32).toString('base64url')
  const cookies = new Map<string, string>()
  let request: Request = { path: `/authorize?${authorizationRequest(verifier)}` }
  for (let step = 0; step < mostSteps; step += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await http.send({ ...request, headers: { accept: 'text/html', cookie } })
    for (const set of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    const { location } = answer.headers
    if (typeof location === 'string' && location.startsWith(redirectUri)) {
      const code = new URL(location).searchParams.get('code')
      if (code !== null) return { code, verifier }
    }
    request = typeof location === 'string' ? follow(location) : submit(answer, request.path, person)
  }
  throw new Error(`The sign-in has no end: ${request.path}`)
}

/** Redeems a code. @throws Error when it is refused */
export function redeem(http: HttpClient, { code, verifier }: Code): Promise<Tokens> {
  return askForTokens(http, {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: redirectUri,
  })
}

/** Uses a refresh token. @throws Error when it is refused */
export function refresh(http: HttpClient, refreshToken: string): Promise<Tokens> {
  return askForTokens(http, { grant_type: 'refresh_token', refresh_token: refreshToken })
}

async function askForTokens(http: HttpClient, fields: Record<string, string>): Promise<Tokens> {
  const form = new URLSearchParams({ client_id: clientId, ...fields })
  const { status, body } = await http.send({ path: '/token', form })
  if (status !== 200) throw new Error(`/token answered ${status}: ${body}`)
  return JSON.parse(body)
}

function authorizationRequest(verifier: string): URLSearchParams {
  return new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'read write offline_access',
    prompt: 'consent',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
}

function follow(location: string): Request {
  const { pathname, search } = new URL(location, 'http://localhost')
  return { path: pathname + search }
}

/** Fills in a page's form, the provider's own or the stock one, as a person who agrees does. */
function submit({ status, body }: Answer, path: string, { username, password }: Person): Request {
  const [markup = ''] = /<form.*<\/form>/s.exec(body) ?? []
  if (status !== 200 || markup === '') throw new Error(`${path} answered ${status}: ${body}`)
  const form = new URLSearchParams()
  for (const [input] of markup.matchAll(/<input[^>]*>/g)) {
    const name = attribute(input, 'name')
    const type = attribute(input, 'type')
    if (name === '' || (type === 'checkbox' && !/\schecked\b/.test(input))) continue
    const typed = type === 'password' ? password : type === 'text' ? username : attribute(input, 'value')
    form.append(name, typed)
  }
  form.set('decision', form.has('password') ? 'continue' : 'allow')
  return { path: attribute(/<form[^>]*>/.exec(markup)?.[0] ?? '', 'action') || path, form }
}

function attribute(tag: string, name: string): string {
  return new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
}
