import { hostHeaderValidation, originValidation } from '@modelcontextprotocol/node'
import type { Middleware } from 'koa'
import { isLoopback } from '../config/index.ts'

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

/**
 * Refuses requests that name another host, or that come from another origin's page, with 403
 * (MCP 2026-07-28 transports: DNS rebinding).
 * @param resource its host may be named; a resource on this machine may be named by any of its loopback names
 */
export function knownHostsOnly(resource: string): Middleware {
  const names = isLoopback(resource) ? loopbackNames : [new URL(resource).hostname]
  const hostIsKnown = hostHeaderValidation(names)
  const originIsKnown = originValidation(names)
  return async (ctx, next) => {
    if (hostIsKnown(ctx.req, ctx.res) && originIsKnown(ctx.req, ctx.res)) return next()
    ctx.respond = false
  }
}
