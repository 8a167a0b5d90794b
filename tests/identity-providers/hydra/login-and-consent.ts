import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type TestAccount, testAccounts } from '../../../config/index.ts'
import { html, page } from '../../../runtime/html.ts'
import { listen } from '../../../runtime/listen.ts'

/** What Hydra tells of a request that it sends somebody with. */
interface HydraRequest {
  readonly subject: string
  readonly requested_scope: readonly string[]
  readonly requested_access_token_audience: readonly string[]
  readonly client: { readonly client_name: string }
}

/** The pages that Hydra does not have. */
export interface LoginAndConsent {
  stop(): Promise<void>
}

/** What anybody may be granted, besides the scopes of their account. */
const forEverybody = ['offline_access', 'openid']

/**
 * A login page with the three test accounts, and a consent page that grants what an account may have and leaves the
 * rest out. It has what a test needs, and no protection against forged requests: nothing to copy.
 * @param admin Hydra's admin port, such as `http://127.0.0.1:4445`
 */
export async function startLoginAndConsent(admin: string, port: number): Promise<LoginAndConsent> {
  const server = createServer((request, response) => {
    void serve(request, response).catch((error) => response.writeHead(500).end(String(error)))
  })

  async function ask(kind: string, action: '' | '/accept' | '/reject', challenge: string, body?: unknown) {
    const url = `${admin}/admin/oauth2/auth/requests/${kind}${action}?${kind}_challenge=${challenge}`
    const init = body === undefined ? {} : { method: 'PUT', body: JSON.stringify(body) }
    const response = await fetch(url, { ...init, headers: { 'content-type': 'application/json' } })
    if (!response.ok)
      throw new Error(`Hydra, ${kind}${action}: HTTP ${response.status} ${await response.text()}`)
    return (await response.json()) as HydraRequest & { readonly redirect_to: string }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://localhost')
    const kind = url.pathname.slice(1)
    if (kind !== 'login' && kind !== 'consent') return void response.writeHead(404).end()
    const challenge = encodeURIComponent(url.searchParams.get(`${kind}_challenge`) ?? '')
    if (request.method !== 'POST') {
      const asked = await ask(kind, '', challenge)
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      return void response.end(kind === 'login' ? loginPage(asked) : consentPage(asked))
    }
    const fields = await readForm(request)
    const answer = kind === 'login' ? logIn(fields) : decide(fields, await ask(kind, '', challenge))
    const { redirect_to } = await ask(kind, answer.refused ? '/reject' : '/accept', challenge, answer.body)
    response.writeHead(303, { location: redirect_to }).end()
  }

  await listen(server, { host: '127.0.0.1', port })
  return {
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

interface Decision {
  readonly refused: boolean
  readonly body: unknown
}

const denied: Decision = {
  refused: true,
  body: { error: 'access_denied', error_description: 'The person said no.' },
}

function logIn(fields: URLSearchParams): Decision {
  const account = testAccounts.find(({ username }) => username === fields.get('username'))
  if (!account || account.password !== fields.get('password')) return denied
  return { refused: false, body: { subject: account.id } }
}

function decide(fields: URLSearchParams, asked: HydraRequest): Decision {
  const account = testAccounts.find(({ id }) => id === asked.subject)
  if (!account || fields.get('decision') !== 'allow') return denied
  const body = {
    grant_scope: asked.requested_scope.filter((scope) => mayHave(account, scope)),
    grant_access_token_audience: asked.requested_access_token_audience,
    session: { access_token: { username: account.username } },
  }
  return { refused: false, body }
}

function mayHave({ scopes }: TestAccount, scope: string): boolean {
  return [...scopes, ...forEverybody].includes(scope)
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) text += chunk
  return new URLSearchParams(text)
}

function loginPage({ client }: HydraRequest): string {
  const body = html`<h1>Sign in</h1>
    <p>${client.client_name} asks who you are.</p>
    <form method="post">
      <p><label>User name <input name="username"></label></p>
      <p><label>Password <input name="password" type="password"></label></p>
      <button>Sign in</button>
    </form>`
  return page({ title: 'Sign in', body })
}

function consentPage({ client, requested_scope: scopes }: HydraRequest): string {
  const body = html`<h1>Allow access?</h1>
    <p>${client.client_name} asks for ${scopes.join(', ')}.</p>
    <form method="post">
      <button name="decision" value="allow">Allow</button>
      <button name="decision" value="deny">Deny</button>
    </form>`
  return page({ title: 'Allow access?', body })
}
