import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP server on a free port of this machine. */
export interface TestServer {
  readonly server: Server
  readonly port: number
  /** `http://localhost:PORT` */
  readonly origin: string
  close(): Promise<void>
}

/**
 * Listens before there is anything to serve, so that a program can be told its own URL.
 * Attach the program with `server.on('request', …)`, or pass it as `listener`.
 * @param wanted the port. Default: a free one
 */
export async function openServer(listener?: RequestListener, wanted = 0): Promise<TestServer> {
  const server = createServer(listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(wanted, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    server,
    port,
    origin: `http://localhost:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
