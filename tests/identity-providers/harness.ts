import process from 'node:process'
import { rulesOf } from '../../client/issuer-rules.ts'
import type { TokenStore } from '../../client/token-store.ts'
import { idpSettings } from '../../config/index.ts'
import type { Logger } from '../../runtime/logger.ts'
import { openServer } from '../support/http-server.ts'
import { createTestClient, type SignedInClient, type SignInAt } from '../support/sign-in-client.ts'
import { type RunningResourceServer, startResourceServer } from '../support/start-resource-server.ts'
import type { CommonFacts } from './identity-provider.ts'

/** @throws Error that says how to run these tests, when they are run otherwise */
export function readFacts<Facts>(name: string): Facts & CommonFacts {
  const given = process.env.TEST_IDP
  if (given) return JSON.parse(given)
  throw new Error(
    `These tests need an identity provider: npm run test:idp -- ${name} starts it and runs them.`,
  )
}

/** How the tests of a folder get at their identity provider. */
export interface HarnessOptions extends CommonFacts {
  readonly issuer: string
  /** What the identity provider's page has people set besides ISSUER, for the MCP server. */
  readonly env?: Readonly<Record<string, string>>
  /** The value of IDP. Default `auto`. */
  readonly idp?: string
  /** Where its clients are sent back to, when not just anywhere. */
  readonly redirectPort?: number
  readonly signInAt: SignInAt
}

/** What client a test is, and at what time. */
export interface TestClientOptions {
  readonly clientId?: string
  /** Unix seconds. */
  readonly now?: () => number
  readonly store?: TokenStore
  /** Default: the harness's own. */
  readonly signInAt?: SignInAt
}

/** How to start an MCP server. */
export interface StartMcpOptions {
  /** Unix milliseconds. */
  readonly now?: () => number
  readonly logger?: Logger
}

/** The real client and the real MCP server, at a real identity provider. */
export interface Harness {
  readonly issuer: string
  readonly mcpPort: number
  readonly resource: string
  /** The code of client/, with a person who gets through the identity provider's pages. */
  createClient(username: string | undefined, options?: TestClientOptions): SignedInClient
  /** An access token for somebody, with these scopes at most. */
  obtainToken(username: string, scopes?: readonly string[], options?: TestClientOptions): Promise<string>
  /** The MCP server, in this process, told what the page says and what `env` says. It is where tokens say that it is. */
  startMcp(env?: Readonly<Record<string, string>>, options?: StartMcpOptions): Promise<RunningResourceServer>
  /** One more MCP server for the same tokens, on a port of its own. */
  startSibling(
    env?: Readonly<Record<string, string>>,
    options?: StartMcpOptions,
  ): Promise<RunningResourceServer>
  /** Stops the MCP servers that are still running. For `afterEach`. */
  stopServers(): Promise<void>
  /** Stops the identity provider, or starts it again with what it had stored. */
  control(what: 'stop' | 'start'): Promise<void>
}

/** Makes it. */
export function createHarness(facts: HarnessOptions): Harness {
  const { issuer, mcpPort, idp = 'auto', redirectPort, signInAt } = facts
  const resource = `http://localhost:${mcpPort}/mcp`
  const base = { ...(idp !== 'auto' && { IDP: idp }), ...facts.env }
  const rules = rulesOf(
    idpSettings(issuer, resource, { name: idp, ...(redirectPort !== undefined && { redirectPort }) }),
  )

  const createClient: Harness['createClient'] = (username, { clientId, ...options } = {}) =>
    createTestClient(resource, username, {
      signInAt,
      ...options,
      ...(clientId !== undefined && { client: { id: clientId } }),
      rulesOf: () => rules,
    })

  const running = new Set<RunningResourceServer>()

  async function start(options: Parameters<typeof startResourceServer>[0]): Promise<RunningResourceServer> {
    const server = await startResourceServer(options)
    const tracked = {
      ...server,
      async stop() {
        running.delete(tracked)
        await server.stop()
      },
    }
    running.add(tracked)
    return tracked
  }

  return {
    issuer,
    mcpPort,
    resource,
    createClient,
    async obtainToken(username, scopes = ['read', 'write', 'admin'], options) {
      const { accessToken } = await createClient(username, options).authorization.signIn({ scopes })
      return accessToken
    },
    async startMcp(env, options) {
      // Nobody keeps a connection to the server that was at this port before.
      const at = await openServer((_, response) => void response.setHeader('connection', 'close'), mcpPort)
      await fetch(at.origin, { signal: AbortSignal.timeout(1) }).catch(() => {})
      return await start({ issuer, env: { ...base, ...env }, at, ...options })
    },
    startSibling: async (env, options) =>
      await start({ issuer, env: { ...base, RESOURCE: resource, ...env }, ...options }),
    async stopServers() {
      for (const server of running) await server.stop()
    },
    async control(what) {
      const response = await fetch(`${facts.control}/${what}`, { method: 'POST' })
      if (!response.ok) throw new Error(`The identity provider does not ${what}: ${await response.text()}`)
    },
  }
}
