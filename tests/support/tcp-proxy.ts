import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A wire to a real server that a test can break, so that the server itself stays up. */
export interface TcpProxy {
  /** The same URL, with the host and port of this proxy. */
  through(url: string): string
  /** Cuts every connection, and refuses new ones until {@link heal}. */
  cut(): Promise<void>
  /** Keeps connections open and lets nothing through any more, until {@link heal}. */
  hang(): void
  /** Leads new connections to another server; open ones stay where they are, as after a failover. */
  retarget(url: string): void
  /** Everything works again, for connections made from now on. */
  heal(): Promise<void>
  stop(): Promise<void>
}

/** Puts a proxy before the server of that URL. */
export async function startTcpProxy(target: string, defaultPort: number): Promise<TcpProxy> {
  let { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let hanging = false
  const server = createServer((near) => {
    const far = connect(Number(port || defaultPort), hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (bytes) => hanging || far.write(bytes))
    far.on('data', (bytes) => hanging || near.write(bytes))
  })
  const own = await listenOn(server, 0)

  function destroyAll(): void {
    for (const socket of sockets) socket.destroy()
  }

  return {
    through(url) {
      const changed = new URL(url)
      changed.hostname = '127.0.0.1'
      changed.port = String(own)
      return changed.href
    },
    async cut() {
      const closed = once(server, 'close')
      server.close()
      destroyAll()
      await closed
    },
    hang() {
      hanging = true
    },
    retarget(url) {
      ;({ hostname, port } = new URL(url))
    },
    async heal() {
      if (hanging) destroyAll()
      hanging = false
      if (!server.listening) await listenOn(server, own)
    },
    async stop() {
      destroyAll()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function listenOn(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
