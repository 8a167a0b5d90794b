import type { Middleware } from 'koa'

/** What a browser's script may read of an answer, besides the usual: the challenge above all. */
const exposed = 'WWW-Authenticate, Mcp-Session-Id, Mcp-Protocol-Version, Retry-After'

/**
 * Lets clients in browsers in (Fetch Standard §3.3). No cookies are used here, so an origin gains nothing
 * that it could not have without a browser.
 * @param methods what may be sent
 */
export function cors(methods: string): Middleware {
  return async (ctx, next) => {
    const origin = ctx.get('origin')
    ctx.vary('Origin')
    if (origin === '') return next()
    ctx.set('Access-Control-Allow-Origin', origin)
    ctx.set('Access-Control-Expose-Headers', exposed)
    if (ctx.method !== 'OPTIONS') return next()
    ctx.set('Access-Control-Allow-Methods', `${methods}, OPTIONS`)
    ctx.set(
      'Access-Control-Allow-Headers',
      ctx.get('access-control-request-headers') || 'Authorization, Content-Type',
    )
    ctx.set('Access-Control-Max-Age', '600')
    ctx.status = 204
  }
}
