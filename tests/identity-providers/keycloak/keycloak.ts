import process from 'node:process'
import { testAccounts } from '../../../config/index.ts'
import { browse } from '../../../demo/form-browser.ts'
import { type AdminApi, createAdminApi } from '../../../keycloak/admin-api.ts'
import type { Logger } from '../../../runtime/logger.ts'
import { openServer } from '../../support/http-server.ts'
import { createTestClient, type SignedInClient } from '../../support/sign-in-client.ts'
import { type RunningResourceServer, startResourceServer } from '../../support/start-resource-server.ts'

interface TestKeycloak {
  readonly origin: string
  readonly admin: { readonly username: string; readonly password: string }
  /** Where an MCP server must be for the realm's audience to be its own. */
  readonly mcpPort: number
  readonly control: string
}

const given = process.env.TEST_KEYCLOAK
if (!given) throw new Error('These tests need a Keycloak: npm run test:keycloak starts one and runs them.')
const running: TestKeycloak = JSON.parse(given)

export const { mcpPort } = running
export const issuer = `${running.origin}/realms/gatehouse`
export const resource = `http://localhost:${mcpPort}/mcp`
export const adminApi: AdminApi = createAdminApi(running.origin, running.admin)

/** Stops Keycloak, or starts it again with the database that it had. */
export async function controlKeycloak(what: 'stop' | 'start'): Promise<void> {
  const response = await fetch(`${running.control}/${what}`, { method: 'POST' })
  if (!response.ok) throw new Error(`Keycloak does not ${what}: ${await response.text()}`)
}

/** Gets somebody through Keycloak's pages, by submitting their forms over HTTP. */
export async function signInAt(url: URL, username: string): Promise<void> {
  const password = testAccounts.find((account) => account.username === username)?.password ?? ''
  await browse(url, { username, password }, () => {})
}

/** The code of client/, with a person who submits Keycloak's forms. */
export function createClient(
  username: string | undefined,
  options: { readonly now?: () => number } = {},
): SignedInClient {
  return createTestClient(resource, username, { ...options, signInAt })
}

/** An access token for somebody, with these scopes at most. */
export async function obtainToken(
  username: string,
  scopes: readonly string[] = ['read', 'write', 'admin'],
): Promise<string> {
  const { accessToken } = await createClient(username).authorization.signIn({ scopes })
  return accessToken
}

/** The MCP server, in this process, told nothing but ISSUER and what `env` says. It is where tokens say that it is. */
export async function startMcp(
  env: Readonly<Record<string, string>> = {},
  options: { readonly now?: () => number; readonly logger?: Logger } = {},
): Promise<RunningResourceServer> {
  // Nobody keeps a connection to the server that was at this port before.
  const at = await openServer((_, response) => void response.setHeader('connection', 'close'), mcpPort)
  await fetch(at.origin, { signal: AbortSignal.timeout(1) }).catch(() => {})
  return await startResourceServer({ issuer, env, at, ...options })
}

/** One more MCP server for the same tokens, on a port of its own. */
export async function startSibling(
  env: Readonly<Record<string, string>>,
  options: { readonly now?: () => number; readonly logger?: Logger } = {},
): Promise<RunningResourceServer> {
  return await startResourceServer({ issuer, env: { RESOURCE: resource, ...env }, ...options })
}
