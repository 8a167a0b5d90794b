import type { Middleware } from 'koa'
import type { Config } from '../config/index.ts'

/**
 * Serves the issuer's origin only. oidc-provider writes the host it was asked for into its metadata, and a
 * foreign one would send clients elsewhere (RFC 8414 §3.3); a target in absolute form goes past the header.
 * A request that came in plain text to an https issuer has shown its credentials to the network already: it is
 * refused, so that nobody gets used to it.
 */
export function hostPinning({ issuer }: Pick<Config, 'issuer'>): Middleware {
  const { host, protocol } = new URL(issuer)
  return async (ctx, next) => {
    const named = ctx.get('host').toLowerCase() === host && ctx.originalUrl.startsWith('/')
    if (named && `${ctx.protocol}:` === protocol) return next()
    ctx.status = 421
    ctx.type = 'text'
    ctx.body = named
      ? `This server is ${issuer}, and this request did not come over ${protocol.slice(0, -1)}. Behind a proxy: it must set X-Forwarded-Proto, and TRUST_PROXY must name it.\n`
      : `This server is ${issuer} and answers under no other name: use that URL.\n`
  }
}
