import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ProtectedMcp } from '../protect.ts'
import { type NodeListenerOptions, toNodeListener } from './node.ts'

/** What is used of Koa's context; named here so that the types of Koa need not be installed. */
export interface KoaContext {
  readonly path: string
  readonly req: IncomingMessage
  readonly res: ServerResponse
  respond?: boolean
}

/** Koa middleware. */
export type KoaMiddleware = (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>

/**
 * A protected MCP server as Koa middleware. It writes to the response itself: a web `Response` as `ctx.body`
 * halves the throughput.
 */
export function toKoaMiddleware(mcp: ProtectedMcp, options: NodeListenerOptions = {}): KoaMiddleware {
  const listener = toNodeListener(mcp, options)
  return async (ctx, next) => {
    if (!mcp.owns(ctx.path)) {
      await next()
      return
    }
    ctx.respond = false
    await listener(ctx.req, ctx.res)
  }
}
