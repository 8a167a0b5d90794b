import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import proxyaddr from 'proxy-addr'
import { siteOf } from './networks-of.ts'

/** Why a connection, or what came on it, was refused before there was a request to serve. */
export type ConnectionRefusal =
  /** The server has as many connections as it may have. */
  | 'maximum'
  /** The network of the client has its share of them. */
  | 'network'
  /** Headers or body did not come in time. */
  | 'timeout'
  | 'headers_too_large'
  | 'malformed'

/** Options of {@link limitConnections}. */
export interface ConnectionLimitOptions {
  /** How many connections may be open at once. */
  readonly maxConnections: number
  /** Proxies, through which many clients come: their connections have no bound but the maximum. */
  readonly trustProxy: readonly string[]
  readonly onRefused: (reason: ConnectionRefusal, address: string) => void
}

/** Bounds the connections of a server: all together, and those of one network to a quarter of that. */
export function limitConnections(server: Server, options: ConnectionLimitOptions): void {
  const { maxConnections, trustProxy, onRefused } = options
  const perNetwork = Math.max(1, Math.floor(maxConnections / 4))
  const isProxy = trustProxy.length === 0 ? () => false : proxyaddr.compile([...trustProxy])
  const open = new Map<string, number>()

  server.maxConnections = maxConnections
  server.on('drop', (data) => onRefused('maximum', data?.remoteAddress ?? 'unknown'))
  server.on('connection', (socket: Socket) => {
    const { remoteAddress: address } = socket
    if (address === undefined || isProxy(address, 0)) return
    const network = siteOf(address)
    const count = open.get(network) ?? 0
    if (count >= perNetwork) {
      onRefused('network', address)
      socket.destroy()
      return
    }
    open.set(network, count + 1)
    socket.once('close', () => {
      const left = (open.get(network) ?? 1) - 1
      if (left > 0) open.set(network, left)
      else open.delete(network)
    })
  })
}
