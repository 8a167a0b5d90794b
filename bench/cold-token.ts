import { Agent } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { startIssuer } from '../tests/support/issuer-stand-in.ts'
import { modernMeta } from '../tests/support/mcp-request.ts'
import { rawRequest } from '../tests/support/raw-request.ts'
import { resourceOf, startMcpServer } from './support/mcp-server.ts'
import type { Finding } from './support/report.ts'
import { readDataRequest } from './support/requests.ts'

/** How many callers come at once. */
const callers = 1000

/** The issuer's answer takes this long, so that all of them are there before it comes. */
const delayMs = 1000

/** A herd: 1,000 calls at once with one token that the server has not seen, over connections that are open already. */
export async function measureColdToken(): Promise<readonly Finding[]> {
  const issuer = await startIssuer()
  const server = await startMcpServer(issuer.issuer)
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const url = `http://127.0.0.1:${server.port}/mcp`

  async function herd(request: { body: string; headers: Readonly<Record<string, string>> }) {
    const headers = Object.entries(request.headers).flat()
    const calls = Array.from({ length: callers }, () =>
      rawRequest(url, { headers, body: request.body, agent }),
    )
    const answers = await Promise.all(calls)
    return (status: number) => answers.filter((answer) => answer.status === status).length
  }

  async function introspections(token: string, status: number, what: string): Promise<Finding> {
    await herd(publicInfo)
    const before = issuer.use.introspection.requests
    const answered = (await herd(readDataRequest({ token })))(status)
    const asked = issuer.use.introspection.requests - before
    return {
      what: `${callers} calls at once with one cold ${what} token: introspections`,
      target: `1, and ${callers} answers ${status}`,
      figure: `${asked}, and ${answered} answers ${status}`,
      met: asked === 1 && answered === callers,
    }
  }

  try {
    // At its start the server tries its credentials once.
    while (issuer.use.introspection.requests === 0) await delay(20)
    issuer.fail({ delayMs }, ['introspection'])
    return [
      await introspections(issuer.issue(resourceOf(server)), 200, 'good'),
      await introspections('a-token-that-the-issuer-never-made', 401, 'bad'),
    ]
  } finally {
    agent.destroy()
    await server.stop()
    await issuer.stop()
  }
}

/** Opens the connections: a call that needs no token. */
const publicInfo = {
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'public_info', arguments: {}, _meta: modernMeta },
  }),
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'public_info',
  },
}
