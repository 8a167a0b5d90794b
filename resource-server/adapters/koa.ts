import type { Middleware } from 'koa'
import type { ProtectedMcp } from '../protect.ts'
import { type NodeListenerOptions, toNodeListener } from './node.ts'

/**
 * A protected MCP server as Koa middleware. It writes to the response itself: a web `Response` as `ctx.body`
 * halves the throughput.
 */
export function toKoaMiddleware(mcp: ProtectedMcp, options: NodeListenerOptions = {}): Middleware {
  const listener = toNodeListener(mcp, options)
  return async (ctx, next) => {
    if (!mcp.owns(ctx.path)) return next()
    ctx.respond = false
    await listener(ctx.req, ctx.res)
  }
}
