import type { Context, Middleware } from 'koa'
import type { Logger } from '../runtime/logger.ts'
import { type ErrorDetails, sendErrorPage } from './views/error.ts'

/**
 * Answers what nothing else answered: unknown addresses, and what was thrown. Koa itself would drop the
 * security headers. What a caller may not know goes to the log alone.
 */
export function errorPages(logger: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const details = describe(error)
      ctx.status = details.status
      // What is refused for want of room is counted, and a flood of it must not become one of records.
      if (details.status === 500) logger.error({ err: error, path: ctx.path }, 'a request failed')
      return send(ctx, details)
    }
    if (ctx.status === 404 && !ctx.body) send(ctx, { error: 'not_found' })
  }
}

function describe(error: unknown): ErrorDetails & { readonly status: number } {
  const { status, expose, error: code, message } = Object(error)
  if (expose !== true || typeof status !== 'number' || (status >= 500 && status !== 503))
    return { status: 500, error: 'server_error' }
  return { status, error: typeof code === 'string' ? code : 'invalid_request', description: String(message) }
}

function send(ctx: Context, details: ErrorDetails): void {
  const { status } = ctx
  if (ctx.accepts('json', 'html') === 'html') {
    sendErrorPage(ctx, details)
  } else {
    ctx.body = { error: details.error, error_description: details.description }
    ctx.status = status
    ctx.set('Cache-Control', 'no-store')
  }
}
