import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import getRawBody from 'raw-body'
import type { ProtectedMcp } from '../protect.ts'
import { isEncoded, maxBodyBytes, refuseBody } from '../read-body.ts'

/** Options of {@link toNodeListener}. */
export interface NodeListenerOptions {
  /** Who is at the other end. Default: the socket's address; behind a proxy say whom to believe. */
  readonly addressOf?: (req: IncomingMessage) => string
  /** Told about what could not be served; the client gets 500. */
  readonly onerror?: (error: unknown) => void
}

/** Serves the request when its path belongs to the MCP server; otherwise calls `next`, or answers 404. */
export type NodeListener = (req: IncomingMessage, res: ServerResponse, next?: () => unknown) => Promise<void>

/** A protected MCP server as a listener for node:http (and for Express and Connect, which give `next`). */
export function toNodeListener(mcp: ProtectedMcp, options: NodeListenerOptions = {}): NodeListener {
  const { addressOf = (req) => req.socket.remoteAddress ?? 'unknown', onerror } = options

  async function serve(req: IncomingMessage, res: ServerResponse, target: Target): Promise<void> {
    const gone = new AbortController()
    // After a whole answer nobody listens, and making the abort's error costs more than it seems.
    res.once('close', () => res.writableFinished || gone.abort())
    const body = await readNodeBody(req)
    if (body instanceof Response) return writeResponse(res, body)
    const request = new Request(mcp.origin + target.path, {
      method: req.method ?? 'GET',
      headers: headersOf(req),
      signal: gone.signal,
    })
    if (target.host !== undefined) request.headers.set('host', target.host)
    await writeResponse(res, await mcp.handle({ request, body, address: addressOf(req) }))
  }

  return async (req, res, next) => {
    const target = targetOf(req)
    if (!mcp.owns(target.path.split('?', 1)[0] as string)) {
      if (next) await next()
      else res.writeHead(404).end('Not found\n')
      return
    }
    if (unholdable.has(req.method)) {
      res.writeHead(405, { allow: 'POST, OPTIONS' }).end()
      return
    }
    try {
      await serve(req, res, target)
    } catch (error) {
      if (res.destroyed) return // the client went away
      onerror?.(error)
      if (res.headersSent) res.destroy()
      else res.writeHead(500, { connection: 'close' }).end()
    }
  }
}

/** Methods that a web `Request` cannot hold. */
const unholdable: ReadonlySet<string | undefined> = new Set(['TRACE', 'TRACK', 'CONNECT'])

interface Target {
  readonly path: string
  /** Of a target in absolute form: it counts instead of the Host header (RFC 9112 §3.2.2). */
  readonly host?: string
}

function targetOf({ url = '/' }: IncomingMessage): Target {
  if (url.startsWith('/')) return { path: url }
  const absolute = URL.parse(url)
  return absolute ? { path: absolute.pathname + absolute.search, host: absolute.host } : { path: '/' }
}

async function readNodeBody(req: IncomingMessage): Promise<Uint8Array | Response> {
  if (req.method !== 'POST') return new Uint8Array()
  if (isEncoded(req.headers['content-encoding'])) return refuseBody('encoded')
  try {
    return await getRawBody(req, { limit: maxBodyBytes, length: req.headers['content-length'] ?? null })
  } catch (error) {
    if ((error as { type?: string }).type === 'entity.too.large') return refuseBody('too_large')
    throw error
  }
}

/** All headers as they came: Node's own view keeps the first of two Authorization headers and hides the second. */
function headersOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const headers: [string, string][] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.push([rawHeaders[index] as string, rawHeaders[index + 1] as string])
  }
  return headers
}

async function writeResponse(res: ServerResponse, response: Response): Promise<void> {
  const headers = Object.fromEntries(response.headers)
  if (response.body && headers['content-type']?.startsWith('text/event-stream')) {
    res.writeHead(response.status, headers)
    res.flushHeaders()
    return writeEvents(res, response.body)
  }
  // As text: Node then sends the head and the body in one write.
  const body = await response.text()
  res.writeHead(response.status, { ...headers, 'content-length': Buffer.byteLength(body) })
  res.end(body)
}

/** Passes events on as they come, no faster than the client reads. By hand: Node's web streams cost twice as much. */
async function writeEvents(res: ServerResponse, events: ReadableStream<Uint8Array>): Promise<void> {
  const reader = events.getReader()
  const closed = once(res, 'close').catch(() => {})
  res.once('close', () => void reader.cancel().catch(() => {})) // the client went away, or all is written
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (!res.write(value)) await Promise.race([once(res, 'drain'), closed])
  }
  res.end()
}
