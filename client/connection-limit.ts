import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** Keeps a server's connections few. */
export interface ConnectionLimit {
  /** Exempts a connection whose request is being worked on. */
  keep(socket: Socket): void
  /** Ends all connections, those that never sent a byte included. */
  end(): void
}

/**
 * Holds at most `maximum` connections. One more ends the oldest: refusing the newest instead would let a program that
 * opens connections and sends nothing lock the browser out.
 */
export function limitConnections(server: Server, maximum: number): ConnectionLimit {
  const open = new Set<Socket>()
  const kept = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      kept.delete(socket)
    })
    const [oldest] = open
    if (open.size > maximum) oldest?.destroy()
  })
  return {
    keep(socket) {
      if (open.delete(socket)) kept.add(socket)
    },
    end() {
      for (const socket of [...open, ...kept]) socket.destroy()
    },
  }
}
