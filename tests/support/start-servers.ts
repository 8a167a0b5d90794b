import { openServer } from './http-server.ts'
import { introspect } from './sign-in.ts'
import { type RunningProvider, type StartProviderOptions, startProvider } from './start-provider.ts'
import { type RunningResourceServer, startResourceServer } from './start-resource-server.ts'

/** The provider and the MCP server, in this process, each on its own port, knowing each other by URL only. */
export interface RunningServers {
  readonly provider: RunningProvider
  readonly mcp: RunningResourceServer
  readonly issuer: string
  readonly resource: string
  /** What the provider says of a token to the MCP server. */
  introspect(token: string): Promise<Record<string, unknown>>
  stop(): Promise<void>
}

/**
 * Starts both for real.
 * @param env for the MCP server
 * @param now Unix milliseconds, for the MCP server
 * @param provider what is different about the provider
 */
export async function startServers(
  options: {
    readonly env?: Readonly<Record<string, string>>
    readonly now?: () => number
    readonly provider?: StartProviderOptions
  } = {},
): Promise<RunningServers> {
  const at = await openServer()
  const provider = await startProvider({ ...options.provider, resource: `${at.origin}/mcp` })
  const { issuer } = provider
  const mcp = await startResourceServer({ issuer, at, ...options })
  return {
    provider,
    mcp,
    issuer,
    resource: mcp.resource,
    introspect: async (token) => (await introspect(provider, token)).body,
    async stop() {
      await mcp.stop()
      await provider.stop()
    },
  }
}
