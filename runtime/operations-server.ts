import { createServer, type Server } from 'node:http'
import { boundedProbe } from './bounded-probe.ts'

/** What operators ask of a running program. */
export interface Operations {
  /** Prometheus text exposition format 0.0.4. */
  metrics(): Promise<string>
  /** Resolves when requests can be served. @throws saying what is missing */
  ready(): Promise<void>
  /** Aborted when the program begins to stop: from then on it is not ready, whatever it could still do. */
  readonly stopping?: AbortSignal
}

/** Monitoring needs few. */
const maxConnections = 100

/** How long readiness may take to find out, in milliseconds. */
const readyTimeoutMs = 3000

/** Serves `/metrics`, `/healthz` (the process is alive) and `/readyz` (it can serve), on a port of their own. */
export function createOperationsServer(operations: Operations): Server {
  const bounded = { ...operations, ready: boundedProbe(operations.ready) }
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, async (req, res) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') => {
      // Nothing here reads a body, and none is waited for.
      if (!req.complete && req.method !== 'GET') res.setHeader('connection', 'close')
      res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    }
    if (req.method !== 'GET') return answer(405, 'Method not allowed\n')
    switch (req.url) {
      case '/metrics':
        return operations.metrics().then(
          (text) => answer(200, text, 'text/plain; version=0.0.4; charset=utf-8'),
          () => answer(500, 'The metrics could not be collected.\n'),
        )
      case '/healthz':
        return answer(200, 'ok\n')
      case '/readyz': {
        const problem = await problemOf(bounded)
        return problem === undefined ? answer(200, 'ready\n') : answer(503, `not ready: ${problem}\n`)
      }
      default:
        return answer(404, 'There are /metrics, /healthz and /readyz.\n')
    }
  })
  server.maxConnections = maxConnections
  return server
}

async function problemOf({ ready, stopping }: Operations): Promise<string | undefined> {
  if (stopping?.aborted) return 'it is stopping'
  return withTimeout(ready()).then(
    () => undefined,
    (error: Error) => error.message,
  )
}

async function withTimeout(promise: Promise<void>): Promise<void> {
  const { promise: timeout, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('no answer in time')), readyTimeoutMs)
  try {
    await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
