import type { IncomingMessage } from 'node:http'
import proxyaddr from 'proxy-addr'

/** The address that a request comes from. */
export type AddressOf = (req: IncomingMessage) => string

/**
 * Makes the function that says where a request comes from: the socket's address, or the last one in
 * X-Forwarded-For that is not itself a trusted proxy's.
 * @param trustProxy addresses, subnets, or `loopback`, `linklocal`, `uniquelocal`; none: nobody is believed
 */
export function createAddressOf(trustProxy: readonly string[]): AddressOf {
  if (trustProxy.length === 0) return (req) => req.socket.remoteAddress ?? 'unknown'
  const trusted = proxyaddr.compile([...trustProxy])
  return (req) => proxyaddr(req, trusted)
}
