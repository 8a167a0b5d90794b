import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Config } from '../config/index.ts'
import { boundedProbe } from './bounded-probe.ts'
import { listen } from './listen.ts'

/** What operators ask of a running program. */
export interface Operations {
  /** Prometheus text exposition format 0.0.4. */
  metrics(): Promise<string>
  /** Resolves when requests can be served. @throws saying what is missing */
  ready(): Promise<void>
  /** What does not work, although requests can be served; `undefined` for nothing. */
  impairment?(): Promise<Impairment | undefined>
  /** Whether an impaired program counts as ready. Default true. */
  readonly impairedIsReady?: boolean
  /** Aborted when the program begins to stop: from then on it is not ready, whatever it could still do. */
  readonly stopping?: AbortSignal
}

/** Monitoring needs few. */
const maxConnections = 100

/** Something that does not work. */
export interface Impairment {
  /** One word for programs, such as `issuer_unreachable`. */
  readonly reason: string
  /** One line for people. */
  readonly detail: string
}

interface Readiness extends Partial<Impairment> {
  readonly ready: boolean
}

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
        const readiness = await readinessOf(bounded)
        const status = readiness.ready ? 200 : 503
        return wantsJson(req)
          ? answer(status, `${JSON.stringify(readiness)}\n`, 'application/json')
          : answer(status, inWords(readiness))
      }
      default:
        return answer(404, 'There are /metrics, /healthz and /readyz.\n')
    }
  })
  server.maxConnections = maxConnections
  return server
}

/** Listens on METRICS_HOST and METRICS_PORT, or not at all without a port. @throws ListenError */
export async function listenForOperations(
  server: Server,
  { metricsHost, metricsPort }: Pick<Config, 'metricsHost' | 'metricsPort'>,
): Promise<void> {
  if (metricsPort === undefined) return
  const names = { variable: 'METRICS_PORT', hostVariable: 'METRICS_HOST' }
  await listen(server, { host: metricsHost, port: metricsPort, ...names })
}

/** Where the operations server listens, such as `http://127.0.0.1:9100`; undefined when it does not. */
export function operationsUrl({
  metricsHost,
  metricsPort,
}: Pick<Config, 'metricsHost' | 'metricsPort'>): string | undefined {
  if (metricsPort === undefined) return undefined
  return `http://${metricsHost.includes(':') ? `[${metricsHost}]` : metricsHost}:${metricsPort}`
}

async function readinessOf(operations: Operations): Promise<Readiness> {
  const { stopping, impairedIsReady = true } = operations
  if (stopping?.aborted) return { ready: false, reason: 'stopping', detail: 'it is stopping' }
  const [missing, impairment] = await Promise.all([
    problemOf(operations.ready()),
    withTimeout(operations.impairment?.() ?? Promise.resolve(undefined)).catch((error: Error) => ({
      reason: 'unknown',
      detail: error.message,
    })),
  ])
  if (missing !== undefined) return { ready: false, reason: 'not_ready', detail: missing }
  return impairment ? { ready: impairedIsReady, ...impairment } : { ready: true }
}

/** `ready` or `not ready: …`, and a line for each field of what only some programs say. */
function inWords({ ready, reason, detail }: Readiness): string {
  if (ready) return reason === undefined ? 'ready\n' : `ready\nreason: ${reason}\ndetail: ${detail}\n`
  const known = reason === 'stopping' || reason === 'not_ready'
  return `not ready: ${detail}\n${known ? '' : `reason: ${reason}\n`}`
}

function wantsJson({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('application/json') ?? false
}

async function problemOf(ready: Promise<void>): Promise<string | undefined> {
  return withTimeout(ready).then(
    () => undefined,
    (error: Error) => error.message,
  )
}

async function withTimeout<T>(promise: Promise<T>): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('no answer in time')), readyTimeoutMs)
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
