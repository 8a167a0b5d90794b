import type { Middleware } from 'koa'

/**
 * Ends the connection with an answer that did not wait for the whole request: the rest of the body would otherwise
 * be read and thrown away, for as long as it comes.
 */
export function unreadBodies(): Middleware {
  return async (ctx, next) => {
    await next()
    if (!ctx.req.complete) ctx.set('Connection', 'close')
  }
}
