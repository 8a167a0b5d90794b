import { freePort, type Program, startProgram } from './program.ts'

/**
 * Starts the MCP server as `npm run mcp` does: audit and metrics on, limits on requests counted but never reached.
 * @param env further settings
 */
export async function startMcpServer(
  issuer: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  return startProgram('resource-server/main.ts', {
    ISSUER: issuer,
    LOG_LEVEL: 'info',
    METRICS_PORT: String(await freePort()),
    ...env,
  })
}

/** The `resource` of a server that runs here: what its tokens are for. */
export function resourceOf({ port }: Pick<Program, 'port'>): string {
  return `http://localhost:${port}/mcp`
}
