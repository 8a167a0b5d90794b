import type { Client } from '@modelcontextprotocol/client'
import { rulesOf } from '../../../client/issuer-rules.ts'
import { idpSettings, loadConfig } from '../../../config/index.ts'
import { type Caller, callers, outcomeOf } from '../access-matrix.ts'
import type { TestServer } from '../http-server.ts'
import { createTestClient, type SignedInClient } from '../sign-in-client.ts'
import { type RunningResourceServer, startResourceServer } from '../start-resource-server.ts'
import { signInAtStandIn } from './sign-in-at-stand-in.ts'
import type { IdpStandIn } from './start-idp.ts'

type Environment = Readonly<Record<string, string>>

/** The MCP server and clients of it, where a stand-in says who is who. */
export interface House {
  readonly mcp: RunningResourceServer
  /** What each program is told, complete. */
  readonly environment: { readonly mcp: Environment; readonly client: Environment }
  /** As `npm run client` would make one of the environment. @param username undefined: nobody signs in */
  createClient(username: string | undefined): SignedInClient
  /** Signs somebody in and opens a session, once. @param scopes as `--scope` has them */
  enter(caller: Caller, scopes?: readonly string[]): Promise<{ client: SignedInClient; session: Client }>
  /** How a tool answers each caller. */
  outcomesOf(tool: string): Promise<Record<Caller, string>>
  stop(): Promise<void>
}

/**
 * Puts the real resource server and the real client before a stand-in.
 * @param options.mcp the environment of `npm run mcp`, and options.client that of `npm run client`, besides ISSUER and
 *   RESOURCE
 * @param options.scopesOf what somebody asks for at first. Default: what the MCP server lists
 * @param options.spoil changes what the browser brings back
 * @param options.now Unix milliseconds, for all of them
 */
export async function openHouse(options: {
  readonly idp: IdpStandIn
  readonly at: TestServer
  readonly mcp: Environment
  readonly client: Environment
  readonly scopesOf?: (caller: Caller) => readonly string[]
  readonly spoil?: (callback: URL) => void
  readonly now?: () => number
}): Promise<House> {
  const { idp, at, now = Date.now, scopesOf, spoil } = options
  const mcp = await startResourceServer({ issuer: idp.issuer, env: options.mcp, at, now })
  const known = new Map<Caller, { client: SignedInClient; session: Client }>()
  const common = { ISSUER: idp.issuer, RESOURCE: mcp.resource }
  const environment = { mcp: { ...common, ...options.mcp }, client: { ...common, ...options.client } }
  const config = loadConfig(environment.client, 'client')

  function createClient(username: string | undefined): SignedInClient {
    return createTestClient(mcp.resource, username, {
      now: () => Math.floor(now() / 1000),
      signInAt: (url, who) => signInAtStandIn(url, who, spoil),
      client: config.client,
      rulesOf: (issuer) => rulesOf(idpSettings(issuer, mcp.resource, config.idpOverrides)),
    })
  }

  async function enter(caller: Caller, scopes = scopesOf?.(caller)) {
    const before = known.get(caller)
    if (before) return before
    const client = createClient(caller === 'nobody' ? undefined : caller)
    if (caller !== 'nobody') await client.authorization.signIn(scopes && { scopes })
    const entered = { client, session: await client.connect() }
    known.set(caller, entered)
    return entered
  }

  return {
    mcp,
    environment,
    createClient,
    enter,
    async outcomesOf(tool) {
      const outcomes: Partial<Record<Caller, string>> = {}
      for (const caller of callers) {
        const { client, session } = await enter(caller)
        outcomes[caller] = await outcomeOf(client, session, tool)
      }
      return outcomes as Record<Caller, string>
    },
    async stop() {
      for (const { session } of known.values()) await session.close()
      await mcp.stop()
    },
  }
}
