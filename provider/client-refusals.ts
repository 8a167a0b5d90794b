import type { Middleware } from 'koa'

/** Where clients authenticate. */
const authenticated: ReadonlySet<string> = new Set([
  'token',
  'introspection',
  'revocation',
  'pushed_authorization_request',
  'device_authorization',
])

/**
 * Says the same of every client that cannot be told: oidc-provider calls credentials that are missing, malformed
 * or doubled an invalid request, where RFC 6749 §5.2 has `invalid_client` and 401. A token that looks like a JWT is
 * inactive like any other that was not issued here (RFC 7662 §2.2), not an error of the one who asks.
 */
export function clientRefusals(issuer: string): Middleware {
  return async (ctx, next) => {
    await next()
    const { route, body, entities } = ctx.oidc ?? {}
    if (route === undefined || !authenticated.has(route)) return
    // oidc-provider leaves it out where nothing is issued, and a refusal says something about a token too.
    ctx.set('Cache-Control', 'no-store')
    const { error } = Object(ctx.body)
    // A body that could not be read is an invalid request indeed.
    if (error === 'invalid_request' && body !== undefined && entities?.Client === undefined) {
      ctx.status = 401
      ctx.body = { ...Object(ctx.body), error: 'invalid_client' }
    }
    if (ctx.status === 401 && !ctx.response.get('WWW-Authenticate')) {
      ctx.set('WWW-Authenticate', `Basic realm="${issuer}"`)
    }
    if (route === 'introspection' && error === 'unsupported_token_type') {
      ctx.status = 200
      ctx.body = { active: false }
    }
  }
}
