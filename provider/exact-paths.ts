import type { Middleware } from 'koa'

/**
 * Knows each address by one spelling. oidc-provider would also answer `/TOKEN` and `/token/`, and what stands
 * before it, limits above all, would not have known them.
 */
export function exactPaths(): Middleware {
  return async (ctx, next) => {
    if (/^\/[a-z\d._-]*(\/.*[^/])?$/.test(ctx.path)) await next()
  }
}
