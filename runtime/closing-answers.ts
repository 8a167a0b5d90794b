import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'

/** Ends the connections of a server without losing a request. */
export interface ClosingAnswers {
  /** From now on every connection ends with its next answer, which says so (RFC 9112 §9.6). */
  close(): void
  /** From now on connections that carry no request are closed. */
  closeIdle(): void
}

interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

/** How often idle connections are looked for, in milliseconds. */
const idleCheckMs = 50

/** Watches the requests of a server, from its start: those in flight must be known when it stops. */
export function closingAnswers(server: Server): ClosingAnswers {
  const inFlight = new Set<Exchange>()
  /** Connections that have not carried a request: Node.js does not count them as idle. */
  const unused = new Set<Socket>()
  let closing = false

  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.prependListener('request', (req, res) => {
    unused.delete(req.socket)
    const exchange = { req, res }
    inFlight.add(exchange)
    res.once('close', () => inFlight.delete(exchange))
    if (closing) endsConnection(exchange)
  })

  /**
   * Says it when the headers are written, whatever the application says of the connection. It stays open while other
   * requests on it wait for their answers (pipelining), or while its body is still coming: closing then would reset it.
   */
  function endsConnection(exchange: Exchange): void {
    const { req, res } = exchange
    if (res.headersSent) return
    const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => ServerResponse
    res.writeHead = (...args: unknown[]) => {
      if (!req.complete || !isLast(exchange)) return writeHead(...args)
      res.setHeader('connection', 'close')
      return writeHead(...args.map(withoutConnection))
    }
  }

  function isLast(exchange: Exchange): boolean {
    let last = exchange
    for (const other of inFlight) if (other.req.socket === exchange.req.socket) last = other
    return last === exchange
  }

  return {
    close() {
      closing = true
      for (const exchange of inFlight) endsConnection(exchange)
    },
    closeIdle() {
      const close = () => {
        server.closeIdleConnections()
        for (const socket of unused) socket.destroy()
      }
      close()
      const timer = setInterval(close, idleCheckMs)
      // The last connection may be gone already.
      server.once('close', () => clearInterval(timer))
      timer.unref()
    },
  }
}

/** An argument of `writeHead`: headers as an object, as pairs, or as names and values in turn; anything else as it is. */
function withoutConnection(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given
  const pairs: readonly unknown[][] = !Array.isArray(given)
    ? Object.entries(given)
    : given.every(Array.isArray)
      ? given
      : Array.from({ length: given.length / 2 }, (_, index) => given.slice(2 * index, 2 * index + 2))
  return pairs.filter(([name]) => String(name).toLowerCase() !== 'connection').flat()
}
