import { testAccounts } from '../../../config/index.ts'
import { createHarness, readFacts } from '../harness.ts'
import { type GlewlwydSession, openSession } from './session.ts'

const facts = readFacts<{
  readonly origin: string
  readonly secret: string
  readonly redirectPort: number
  readonly operator: { readonly username: string; readonly password: string }
}>('glewlwyd')

export const { origin, secret, redirectPort, operator } = facts

/** Gets somebody through Glewlwyd's login and consent, by the requests that its pages make. */
export async function signInAt(url: URL, username: string): Promise<void> {
  await fetch(await redirectOf(url, username))
}

/** The same up to the redirect to the client. */
export async function redirectOf(url: URL, username: string): Promise<URL> {
  const session = await sessionOf(username)
  const client = url.searchParams.get('client_id')
  await session.request('PUT', `auth/grant/${client}`, { scope: url.searchParams.get('scope') })
  const login = await session.open(url)
  const next = login.searchParams.get('callback_url')
  if (next === null) throw new Error(`Glewlwyd sends ${username} to ${login}.`)
  return await session.open(new URL(`${next}&g_continue`))
}

/** Takes back all that somebody granted to the client: its page asks again. */
export async function forgetGrants(username: string): Promise<void> {
  const session = await sessionOf(username)
  await session.request('PUT', 'auth/grant/test-client', { scope: '' })
}

function sessionOf(username: string): Promise<GlewlwydSession> {
  const password = testAccounts.find((account) => account.username === username)?.password ?? ''
  return openSession(origin, username, password)
}

export const harness = createHarness({
  ...facts,
  issuer: `${origin}/api/oidc`,
  idp: 'glewlwyd',
  env: { RESOURCE_CLIENT_SECRET: secret },
  signInAt,
})

export const { issuer, mcpPort, resource, createClient, obtainToken, startMcp, startSibling, control } =
  harness
