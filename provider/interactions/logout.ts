import type { Middleware } from 'koa'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { type Accounts, displayName } from '../accounts/accounts.ts'
import type { Parts } from '../parts.ts'
import { loggedOutPage, logoutPage, stillSignedInPage } from '../views/logout.ts'
import { sendPage } from '../views/send-page.ts'
import { clientName } from './client-identity.ts'

type LogoutFeature = NonNullable<NonNullable<Configuration['features']>['rpInitiatedLogout']>

/**
 * Logging out, by a link on this server's pages or by an application (OpenID Connect RP-Initiated Logout).
 * Nobody is logged out by a link alone: the form on the page carries a token that belongs to the session.
 */
export function rpInitiatedLogout(accounts: Accounts): LogoutFeature {
  return {
    enabled: true,
    async logoutSource(ctx) {
      const { client, session } = ctx.oidc
      const { secret, postLogoutRedirectUri } = Object(session?.state)
      const account = session?.accountId === undefined ? undefined : await accounts.find(session.accountId)
      sendPage(
        ctx,
        200,
        logoutPage({
          action: new URL(ctx.oidc.urlFor('end_session_confirm')).pathname,
          xsrf: String(secret),
          username: account && displayName(account),
          ...(client && { clientName: clientName(client) }),
          ...(typeof postLogoutRedirectUri === 'string' && {
            returnsTo: new URL(postLogoutRedirectUri).host,
          }),
        }),
      )
    },
    async postLogoutSuccessSource(ctx) {
      const { accountId } = await ctx.oidc.provider.Session.get(ctx)
      const account = accountId === undefined ? undefined : await accounts.find(accountId)
      sendPage(ctx, 200, account ? stillSignedInPage(displayName(account)) : loggedOutPage())
    },
  }
}

/** A log-out form can be refused for one reason: the session is not the one it was made for. */
export function isOldLogoutForm({ oidc, status }: KoaContextWithOIDC): boolean {
  return oidc?.route === 'end_session_confirm' && status === 400
}

/** What oidc-provider leaves open: who has logged out is written down, and nobody is not asked. */
export function aroundLogout({
  accounts,
  audit,
  addressOf,
}: Pick<Parts, 'accounts' | 'audit' | 'addressOf'>): Middleware {
  return async (ctx, next) => {
    await next()
    const { route, session } = Object(ctx.oidc)
    if (route === 'end_session_confirm' && session?.destroyed) {
      const account = await accounts.find(session.accountId)
      const address = addressOf(ctx.req)
      audit({
        event: 'logout',
        address,
        subject: session.accountId,
        ...(account && { account: account.username }),
      })
    }
    if (route !== 'end_session' || ctx.status !== 200 || session?.accountId !== undefined) return
    // Nobody is signed in. The library would answer with a form that submits itself by a script.
    const { postLogoutRedirectUri, state } = Object(session?.state)
    const target = new URL(postLogoutRedirectUri ?? ctx.oidc.urlFor('end_session_success'))
    if (postLogoutRedirectUri !== undefined && state !== undefined) target.searchParams.set('state', state)
    ctx.body = undefined
    ctx.status = 303
    ctx.redirect(target.href)
  }
}
