import { setTimeout as delay } from 'node:timers/promises'
import { median } from './support/compare.ts'
import { startMcpServer } from './support/mcp-server.ts'
import { type Program, startProgram } from './support/program.ts'
import { decimal, type Finding } from './support/report.ts'
import { residentMegabytesOf } from './support/usage.ts'

/** The most that starting may take, in milliseconds, and that a server at rest may hold, in megabytes. */
const mostMs = 1000
const mostMegabytes = 130

/** A server that has started settles for this long before its memory is read. */
const restMs = 2000

/**
 * Starts both servers, the MCP server with the provider as its issuer, and reads their memory at rest.
 * @param starts how often each is started; the medians are told
 */
export async function measureStartUp(starts: number): Promise<readonly Finding[]> {
  const providers: Observation[] = []
  const mcpServers: Observation[] = []
  for (let start = 0; start < starts; start += 1) {
    const provider = await startProgram('provider/main.ts', { LOG_LEVEL: 'info' })
    try {
      const mcpServer = await startMcpServer(`http://localhost:${provider.port}`)
      mcpServers.push(await observe(mcpServer))
      await mcpServer.stop()
      providers.push(await observe(provider))
    } finally {
      await provider.stop()
    }
  }
  return [...findings('provider', providers), ...findings('MCP server', mcpServers)]
}

interface Observation {
  readonly startMs: number
  readonly megabytes: number | undefined
}

async function observe(program: Program): Promise<Observation> {
  await delay(restMs)
  return { startMs: program.startMs, megabytes: residentMegabytesOf(program.pid) }
}

function findings(name: string, observations: readonly Observation[]): readonly Finding[] {
  const startMs = median(observations.map((observation) => observation.startMs))
  const megabytes = median(observations.map((observation) => observation.megabytes))
  return [
    {
      what: `${name}: from the start of the process until it listens`,
      target: `≤ ${mostMs} ms`,
      figure: `${decimal(startMs, 0)} ms`,
      met: startMs === undefined ? undefined : startMs <= mostMs,
    },
    {
      what: `${name}: memory at rest (RSS)`,
      target: `< ${mostMegabytes} MB`,
      figure: `${decimal(megabytes, 0)} MB`,
      met: megabytes === undefined ? undefined : megabytes < mostMegabytes,
    },
  ]
}
