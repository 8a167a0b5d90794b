import { captureLog } from '../support/captured-log.ts'
import { callTool } from '../support/mcp-request.ts'
import type { Harness } from './harness.ts'

/** What a caller and the operator see of a token that is not let in. */
export interface ShownRefusal {
  readonly status: number
  /** What the log says to do about it. */
  readonly advice: string | undefined
  readonly log: string
}

/** Sends a token to an MCP server that is told what `env` says besides what the page says. */
export async function refuse(
  { startMcp, resource }: Harness,
  env: Readonly<Record<string, string>>,
  obtainToken: () => Promise<string>,
): Promise<ShownRefusal> {
  const log = captureLog()
  const mcp = await startMcp(env, { logger: log.logger })
  try {
    const { status } = await callTool(resource, 'get_user_profile', {}, { token: await obtainToken() })
    const remedies = log.records().flatMap(({ remedy }) => (typeof remedy === 'string' ? [remedy] : []))
    return { status, advice: remedies.at(-1), log: log.text() }
  } finally {
    await mcp.stop()
  }
}
