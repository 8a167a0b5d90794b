import type { ServerResponse } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createBrotliCompress, createDeflate, createGzip, createZstdCompress } from 'node:zlib'
import { openServer } from './http-server.ts'

/** How a body is compressed (RFC 9110 §8.4.1). */
export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd'

/** What a flood consists of. */
export interface FloodOptions {
  /** What comes first. */
  readonly head?: string
  /** What comes again and again. Default: 64 KiB of spaces. */
  readonly chunk?: string
  readonly coding?: Coding
}

/** A body that goes on until the client hangs up, or 256 MiB were sent. */
export interface Flood {
  send(response: ServerResponse): void
  /** Resolves at the end of each answer's connection or, when all was sent, of the answer. */
  ended(): Promise<'the client hung up' | 'all was sent'>
}

const most = 256 * 2 ** 20
const compressors = {
  gzip: createGzip,
  deflate: createDeflate,
  // Its best quality, which is the default, is slow.
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  zstd: createZstdCompress,
}

export function createFlood({ head = '', chunk = ' '.repeat(65_536), coding }: FloodOptions = {}): Flood {
  const { promise, resolve } = Promise.withResolvers<'the client hung up' | 'all was sent'>()
  // Few large writes: small ones would cost the test more time than the client.
  const part = chunk.repeat(Math.ceil(65_536 / chunk.length))
  function* parts() {
    yield head
    for (let sent = 0; sent < most; sent += part.length) yield part
  }
  return {
    send(response) {
      if (coding) response.setHeader('content-encoding', coding)
      const source = Readable.from(parts(), { objectMode: false })
      const sent = coding ? pipeline(source, compressors[coding](), response) : pipeline(source, response)
      sent.then(
        () => resolve('all was sent'),
        () => resolve('the client hung up'),
      )
    },
    ended: () => promise,
  }
}

/** Writes one space in a while, for ever. */
export function drip(response: ServerResponse): void {
  response.write(' ')
  const timer = setInterval(() => response.write(' '), 5)
  response.once('close', () => clearInterval(timer))
}

/** A server that answers everything with status 200, `application/json` and what `send` writes. */
export async function openAnswering(send: (response: ServerResponse) => void) {
  return await openServer((request, response) => {
    request.resume()
    response.setHeader('content-type', 'application/json')
    send(response)
  })
}

/** A server that writes `text` to every connection again and again, until the client hangs up. */
export async function openRawFlood(first: string, text: string) {
  const hungUp = Promise.withResolvers<void>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => hungUp.resolve())
    socket.once('data', () => {
      socket.resume()
      socket.write(first)
      const go = () => {
        while (!socket.destroyed && socket.write(text));
      }
      socket.on('drain', go)
      go()
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address() as { readonly port: number }
  return {
    origin: `http://localhost:${address.port}`,
    hungUp: hungUp.promise,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
