import type { Middleware } from 'koa'
import { type Config, resourceScopeNames } from '../config/index.ts'
import { withoutScopes } from './without-scopes.ts'

/**
 * Lets introspection tell what an operator's client may now, not what it might when the token was issued: scopes
 * that were taken out of its entry in CLIENTS are gone.
 */
export function currentClient({ clients }: Pick<Config, 'clients'>): Middleware {
  const listed = new Map(clients.map(({ client_id: id, scope }) => [id, scope]))
  return async (ctx, next) => {
    await next()
    const answer = Object(ctx.body)
    if (ctx.oidc?.route !== 'introspection' || answer.active !== true) return
    const limit = listed.get(answer.client_id)
    if (limit === undefined) return
    const lost = resourceScopeNames.filter((scope) => !limit.includes(scope))
    ctx.body = withoutScopes(answer, lost)
  }
}
