import type { IncomingMessage } from 'node:http'
import proxyaddr from 'proxy-addr'
import { createAddressOf } from '../runtime/address-of.ts'

/** What proxies add, and anybody else can write too. */
const forwardedHeaders = ['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-for']

/**
 * Leaves of the forwarded headers only what may be believed. Koa's `proxy` switch believes everybody, and a host
 * name besides: after this it can be on for every request.
 * - X-Forwarded-Proto: when the request comes from a trusted proxy.
 * - X-Forwarded-For: becomes the one address that the trusted proxies vouch for.
 * - X-Forwarded-Host: never. The issuer's host is known.
 * @param trustProxy addresses, subnets, or `loopback`, `linklocal`, `uniquelocal`
 */
export function createForwardedHeaders(trustProxy: readonly string[]): (req: IncomingMessage) => void {
  const trusted = trustProxy.length > 0 ? proxyaddr.compile([...trustProxy]) : () => false
  const addressOf = createAddressOf(trustProxy)
  return (req) => {
    const { headers } = req
    if (!forwardedHeaders.some((name) => name in headers)) return
    const address = addressOf(req)
    const fromProxy = trusted(req.socket.remoteAddress ?? '', 0)
    for (const name of forwardedHeaders) {
      if (!fromProxy || name === 'x-forwarded-host') delete headers[name]
    }
    if (fromProxy) headers['x-forwarded-for'] = address
  }
}
