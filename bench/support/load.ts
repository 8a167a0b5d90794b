import autocannon from 'autocannon'
import type { LoadRequest } from './requests.ts'
import { cpuSecondsOf } from './usage.ts'

/** What one run of load showed. */
export interface Sample {
  readonly requestsPerSecond: number
  /** The server's processor time for each request, in microseconds. Undefined where it cannot be read. */
  readonly cpuMicros: number | undefined
}

/** How many connections load a server at once. */
export const connections = 50

/**
 * Repeats a request over 50 connections.
 * @throws Error when any answer is not 2xx, or not what it should be: then something else was measured
 */
export async function applyLoad(
  { pid, port }: { readonly pid: number; readonly port: number },
  { path = '/mcp', body, bodies, headers, tokens, answers }: LoadRequest,
  seconds: number,
): Promise<Sample> {
  let connection = 0
  const setupClient = (client: autocannon.Client) => {
    connection += 1
    const token = tokens?.[connection % tokens.length]
    if (bodies) client.setBody(bodies[connection % bodies.length])
    client.setHeaders({ ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) })
  }
  const before = cpuSecondsOf(pid)
  const result = await autocannon({
    url: `http://127.0.0.1:${port}${path}`,
    method: 'POST',
    body,
    headers,
    connections,
    duration: seconds,
    setupClient,
    ...(answers && { verifyBody: (answer) => String(answer).includes(answers) }),
  })
  const after = cpuSecondsOf(pid)
  const { '2xx': answered, non2xx, errors, mismatches, duration } = result
  if (non2xx > 0 || errors > 0 || mismatches > 0 || answered === 0) {
    throw new Error(
      `Under load: ${answered} answers were 2xx, ${non2xx} were not, ${mismatches} said something else, ${errors} requests failed`,
    )
  }
  return {
    requestsPerSecond: answered / duration,
    cpuMicros: before === undefined || after === undefined ? undefined : ((after - before) / answered) * 1e6,
  }
}
