import type { Middleware } from 'koa'
import type { Config } from '../config/index.ts'

/**
 * Serves the issuer's host only. oidc-provider writes the host it was asked for into its metadata, and a
 * foreign one would send clients elsewhere (RFC 8414 §3.3); a target in absolute form goes past the header.
 */
export function hostPinning({ issuer }: Pick<Config, 'issuer'>): Middleware {
  const { host } = new URL(issuer)
  return async (ctx, next) => {
    if (ctx.get('host').toLowerCase() === host && ctx.originalUrl.startsWith('/')) return next()
    ctx.status = 421
    ctx.type = 'text'
    ctx.body = `This server is ${issuer} and answers under no other name: use that URL.\n`
  }
}
