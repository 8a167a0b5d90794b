import Router from '@koa/router'
import type { Context } from 'koa'
import type { Session } from 'oidc-provider'
import type { Config } from '../../config/index.ts'
import type { AddressOf } from '../../runtime/address-of.ts'
import { type Accounts, displayName } from '../accounts/accounts.ts'
import { verifyClient } from '../interactions/client-identity.ts'
import type { FormTokens } from '../interactions/form-token.ts'
import { readForm } from '../interactions/read-form.ts'
import { findSignedIn } from '../interactions/signed-in.ts'
import type { Audit } from '../observability/audit.ts'
import { accountPage, notSignedInPage } from '../views/account.ts'
import { sendPage } from '../views/send-page.ts'
import { type ApplicationsParts, disconnectApplication, listApplications } from './applications.ts'
import { accountPageSignIn } from './sign-in.ts'

/** What the page of connected applications needs. */
export interface AccountParts extends ApplicationsParts {
  readonly config: Config
  readonly accounts: Accounts
  readonly formTokens: FormTokens
  readonly audit: Audit
  readonly addressOf: AddressOf
}

/** `/account`: what the signed-in user has connected, and how to end it. */
export function accountRoutes(parts: AccountParts): Router {
  const { config, formTokens, audit, addressOf } = parts
  const router = new Router()

  router.get('/account', async (ctx) => {
    const signedIn = await findSignedIn(ctx, parts)
    if (!signedIn && ctx.query.error !== undefined) return sendPage(ctx, 200, notSignedInPage())
    if (!signedIn) return seeOther(ctx, accountPageSignIn(config))
    // What the sign-in added to the address does not belong into bookmarks.
    if (ctx.query.iss !== undefined) return seeOther(ctx, '/account')
    const now = Math.floor(Date.now() / 1000)
    const { account, session } = signedIn
    const applications = await listApplications(parts, account.id, now)
    const page = accountPage({
      username: displayName(account),
      formToken: formTokens.create(formSubject(session)),
      now,
      justDisconnected: ctx.query.disconnected !== undefined,
      applications: applications.map((application) => ({
        ...application,
        verification: verifyClient(
          application.connection.clientId,
          application.connection.redirectUri,
          config,
        ),
      })),
    })
    sendPage(ctx, 200, page)
  })

  router.post('/account/disconnect', async (ctx) => {
    const signedIn = await findSignedIn(ctx, parts)
    const form = await readForm(ctx)
    if (!signedIn || !formTokens.verify(formSubject(signedIn.session), form.get('form_token') ?? '')) {
      return ctx.throw(403, 'The form was not made for this sign-in.', { error: 'page_ended' })
    }
    const clientId = form.get('client_id') ?? ''
    const { id, username } = signedIn.account
    await disconnectApplication(parts, id, clientId)
    audit({
      event: 'access_disconnected',
      account: username,
      subject: id,
      clientId,
      address: addressOf(ctx.req),
    })
    seeOther(ctx, '/account?disconnected')
  })

  return router
}

/** The form is good for one browser's session and one account in it. */
function formSubject({ uid, accountId }: Session): string {
  return `account:${uid}:${accountId}`
}

function seeOther(ctx: Context, url: string): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.status = 303
  ctx.redirect(url)
}
