import { createHash, randomBytes } from 'node:crypto'
import type { LightAnswer, LightClient, LightRequest } from './light-client.ts'

/** The client that comes with the provider, and where it is answered. */
const clientId = 'test-client'
const redirectUri = 'http://127.0.0.1:43210/callback'

/** The MCP server's registration, with its development secret. */
export const resourceServerAuthorization = `Basic ${Buffer.from('mcp-server:mcp-server-development-secret').toString('base64')}`

/** More pages and redirects than any sign-in needs. */
const mostSteps = 12

/** Who signs in. */
export interface Person {
  readonly username: string
  readonly password: string
}

/** What a sign-in led to, and what redeems it. */
export interface Code {
  readonly code: string
  readonly verifier: string
}

/** What the token endpoint gives. */
export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

/** An answer that nobody expected, or a page that leads nowhere. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer'
  readonly status: number

  constructor(what: string, { status, body }: Pick<LightAnswer, 'status' | 'body'>) {
    const said = /<h1>(.*?)<\/h1>/s.exec(body)?.[1] ?? body.slice(0, 500)
    super(`${what.split('?')[0]} answered ${status}: ${said}`)
    this.status = status
  }
}

/**
 * Goes from the authorization request to the code with a browser of its own: follows redirects, keeps
 * cookies, fills in the login form, agrees to what is asked. Understands oidc-provider's stock pages as well.
 * @param parameters put over the authorization request's
 * @throws UnexpectedAnswer with the page that it does not get beyond
 */
export async function lightSignIn(
  http: LightClient,
  person: Person,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Code> {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({ ...authorizationParameters(verifier), ...parameters })
  return { code: await visit(http, `/authorize?${query}`, person), verifier }
}

/** Goes from an address of the provider to the code that is sent to the client. */
export async function visit(http: LightClient, path: string, person: Person): Promise<string> {
  const cookies = new Map<string, string>()
  let request: LightRequest = { path }
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
      if (code === null) throw new UnexpectedAnswer(request.path, { ...answer, body: location })
      return code
    }
    request = typeof location === 'string' ? follow(location) : submit(answer, request.path, person)
  }
  throw new Error(`The sign-in has no end: ${request.path}`)
}

/** What an authorization request needs, and `offline_access` for a refresh token. */
export function authorizationParameters(verifier: string): Record<string, string> {
  return {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'read write offline_access',
    prompt: 'consent',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
}

/** The form that redeems a code. */
export function redemption({ code, verifier }: Code): Record<string, string> {
  return {
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    code_verifier: verifier,
    redirect_uri: redirectUri,
  }
}

/** The form that uses a refresh token. */
export function refreshing(refreshToken: string): Record<string, string> {
  return { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken }
}

/** Sends a form to the token endpoint. @throws UnexpectedAnswer when it is refused */
export async function obtainTokens(http: LightClient, fields: Record<string, string>): Promise<Tokens> {
  const answer = await http.send({ path: '/token', form: new URLSearchParams(fields) })
  if (answer.status !== 200) throw new UnexpectedAnswer('/token', answer)
  return JSON.parse(answer.body)
}

/** Asks about a token as the MCP server does. @throws UnexpectedAnswer when there is no answer to it */
export async function isActive(http: LightClient, token: string): Promise<boolean> {
  const answer = await http.send({
    path: '/introspect',
    form: new URLSearchParams({ token }),
    headers: { authorization: resourceServerAuthorization },
  })
  if (answer.status !== 200) throw new UnexpectedAnswer('/introspect', answer)
  return JSON.parse(answer.body).active
}

/** Revokes a token as the client does. @throws UnexpectedAnswer when that is not confirmed */
export async function lightRevoke(http: LightClient, token: string): Promise<void> {
  const form = new URLSearchParams({ client_id: clientId, token })
  const answer = await http.send({ path: '/revoke', form })
  if (answer.status !== 200) throw new UnexpectedAnswer('/revoke', answer)
}

function follow(location: string): LightRequest {
  const { pathname, search } = new URL(location, 'http://localhost')
  return { path: pathname + search }
}

/** Fills in a page's form as a person who agrees does. */
function submit(answer: LightAnswer, path: string, { username, password }: Person): LightRequest {
  const { status, body } = answer
  const [markup = ''] = /<form.*<\/form>/s.exec(body) ?? []
  if (status !== 200 || markup === '') throw new UnexpectedAnswer(path, answer)
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
