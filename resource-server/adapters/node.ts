import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { UnreadBody } from '../auth/receive-body.ts'
import type { ProtectedMcp } from '../protect.ts'

/** Options of {@link toNodeListener}. */
export interface NodeListenerOptions {
  /** Who is at the other end. Default: the socket's address; behind a proxy say whom to believe. */
  readonly addressOf?: (req: IncomingMessage) => string
  /** Told about what could not be served; the client gets 500. */
  readonly onerror?: (error: unknown) => void
  /**
   * Whether `Response` and `Request` become, for the whole process, those of `@hono/node-server`, which cost a fifth
   * of a request less. Default false: a library does not change its host's globals unasked.
   */
  readonly overrideGlobalObjects?: boolean
}

/** Serves the request when its path belongs to the MCP server; otherwise calls `next`, or answers 404. */
export type NodeListener = (req: IncomingMessage, res: ServerResponse, next?: () => unknown) => Promise<void>

/** A protected MCP server as a listener for node:http (and for Express and Connect, which give `next`). */
export function toNodeListener(mcp: ProtectedMcp, options: NodeListenerOptions = {}): NodeListener {
  const { addressOf = (req) => req.socket.remoteAddress ?? 'unknown', onerror } = options
  const { overrideGlobalObjects = false } = options
  const discard = createDiscard()

  async function serve(request: Request, req: IncomingMessage, res: ServerResponse): Promise<Response> {
    const { host } = targetOf(req)
    if (host !== undefined) request.headers.set('host', host)
    const response = await mcp.handle({ request, body: nodeBody(req), address: addressOf(req) })
    if (!req.complete) await discard(req)
    if (response.headers.get('content-type') === 'text/event-stream') {
      // The first events of a stream go out with its head, in one write.
      const { socket } = res
      socket?.cork()
      setImmediate(() => socket?.uncork())
    }
    return response
  }

  const listener = getRequestListener(
    (request, { incoming, outgoing }) =>
      serve(request, incoming as IncomingMessage, outgoing as ServerResponse).catch((error) => {
        if (!outgoing.destroyed) onerror?.(error) // otherwise the client went away
        return new Response(null, { status: 500, headers: { connection: 'close' } })
      }),
    { overrideGlobalObjects, autoCleanupIncoming: false },
  )

  return async (req, res, next) => {
    if (!mcp.owns(targetOf(req).path.split('?', 1)[0] as string)) {
      if (next) await next()
      else res.writeHead(404).end('Not found\n')
      return
    }
    if (unholdable.has(req.method)) {
      // Refused and counted as any other method that is not allowed.
      const headers = { host: targetOf(req).host ?? req.headers.host ?? '' }
      const request = new Request(new URL(targetOf(req).path, mcp.origin), { method: 'PUT', headers })
      const answer = await mcp.handle({ request, body: nodeBody(req), address: addressOf(req) })
      res.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
      return
    }
    await listener(req, res)
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

/**
 * How much of a refused body is thrown away before the answer, in bytes, for how long, in milliseconds, and of how many
 * at once: reading refused bodies costs time that other callers need, so a flood is cut off.
 */
const discarded = { bytes: 2 * 1024 * 1024, ms: 250, atOnce: 4 }

/**
 * Throws away what a client is about to send of a refused body: one that is cut off while it sends often reads an
 * error of the connection instead of the answer that says what to do. Nothing is kept, and it ends soon.
 */
function createDiscard(): (req: IncomingMessage) => Promise<void> {
  let discarding = 0
  return async (req) => {
    // A client that waits for 100 Continue sends nothing.
    if (req.headers.expect !== undefined || req.destroyed || discarding >= discarded.atOnce) return
    discarding += 1
    await discard(req)
    discarding -= 1
  }
}

function discard(req: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let bytes = 0
  const done = () => {
    clearTimeout(timer)
    req.off('data', count).off('end', done).off('close', done).pause()
    resolve()
  }
  const count = (chunk: Uint8Array) => {
    bytes += chunk.byteLength
    if (bytes > discarded.bytes) done()
  }
  const timer = setTimeout(done, discarded.ms)
  req.on('data', count).on('end', done).on('close', done)
  return promise
}

function nodeBody(req: IncomingMessage): UnreadBody {
  return {
    get complete() {
      return req.complete
    },
    read(receiver) {
      if (req.method !== 'POST') {
        receiver.end()
        return () => {}
      }
      if (req.destroyed) {
        receiver.failed()
        return () => {}
      }
      const events = {
        data: receiver.chunk,
        end: receiver.end,
        error: receiver.failed,
        close: receiver.failed,
      }
      for (const [event, listener] of Object.entries(events)) req.on(event, listener)
      return () => {
        for (const [event, listener] of Object.entries(events)) req.off(event, listener)
        if (!req.complete) req.pause()
      }
    },
  }
}
