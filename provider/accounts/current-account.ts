import type { Middleware } from 'koa'
import { resourceScopeNames } from '../../config/index.ts'
import { withoutScopes } from '../without-scopes.ts'
import type { Accounts } from './accounts.ts'

/**
 * Lets introspection tell what an account is now, not what it was when the token was issued: the token of
 * an account that has been disabled or removed is inactive, and scopes that were taken away are gone.
 */
export function currentAccount(accounts: Accounts): Middleware {
  return async (ctx, next) => {
    await next()
    const accountId = ctx.oidc?.entities.AccessToken?.accountId
    const answer = Object(ctx.body)
    if (ctx.oidc?.route !== 'introspection' || accountId === undefined || answer.active !== true) return
    const account = await accounts.find(accountId)
    if (!account) {
      ctx.body = { active: false }
      return
    }
    const lost = resourceScopeNames.filter((scope) => !account.scopes.includes(scope))
    ctx.body = withoutScopes({ ...answer, username: account.username }, lost)
  }
}
