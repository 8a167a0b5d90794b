import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { Middleware } from 'koa'
import getRawBody from 'raw-body'
import type { Gate } from './auth/gate.ts'
import { errorBody } from './auth/json-rpc.ts'

/** The largest body that is read, in bytes. Larger ones are answered with 413. */
const maxBodyBytes = 1024 * 1024

/**
 * Hands Koa's requests to the gate and writes the gate's answers.
 * It writes to the response itself: a web `Response` as `ctx.body` halves the throughput.
 * @param url what handlers see as the request's URL, whatever the Host header said
 */
export function mcpEndpoint(gate: Gate, url: string): Middleware {
  return async (ctx) => {
    const { req, res } = ctx
    ctx.respond = false
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    try {
      const body = req.method === 'POST' ? await readBody(req) : new Uint8Array()
      const request = new Request(url, {
        method: req.method ?? 'GET',
        headers: headersOf(req),
        signal: gone.signal,
      })
      await writeResponse(res, await gate({ request, body, address: ctx.ip }))
    } catch (error) {
      const { status, type } = error as { status?: number; type?: string }
      if (type === undefined || status === undefined || res.headersSent) throw error
      // The rest of the body is not read: whatever follows on this connection would be taken for it.
      res.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
      res.end(errorBody(-32600, bodyErrors[type] ?? 'The body could not be read.'))
    }
  }
}

const bodyErrors: Record<string, string> = {
  'entity.too.large': `The body is larger than ${maxBodyBytes} bytes.`,
  'encoding.unsupported': 'Send the body without content-encoding.',
}

async function readBody(req: IncomingMessage): Promise<Uint8Array> {
  if ((req.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw Object.assign(new Error('Unsupported content-encoding'), {
      status: 415,
      type: 'encoding.unsupported',
    })
  }
  return getRawBody(req, { limit: maxBodyBytes, length: req.headers['content-length'] ?? null })
}

/** All headers as they came: Node's own view keeps the first of two Authorization headers and hides the second. */
function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] as string, rawHeaders[index + 1] as string)
  }
  return headers
}

async function writeResponse(res: ServerResponse, response: Response): Promise<void> {
  const headers = Object.fromEntries(response.headers)
  if (response.body && headers['content-type']?.startsWith('text/event-stream')) {
    res.writeHead(response.status, headers)
    res.flushHeaders()
    await pipeline(Readable.fromWeb(response.body as NodeReadableStream), res).catch(() => {}) // the client went away
    return
  }
  const body = Buffer.from(await response.arrayBuffer())
  res.writeHead(response.status, { ...headers, 'content-length': body.byteLength })
  res.end(body)
}
