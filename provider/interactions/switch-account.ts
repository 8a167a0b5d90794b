import type { Context } from 'koa'
import { type Interaction, interactionPolicy, type Provider } from 'oidc-provider'
import type { Accounts } from '../accounts/accounts.ts'
import { hasCurrentPassword, markSession } from './session-password.ts'

/**
 * Ends the session of somebody else who is still signed in in this browser, before the next one's begins.
 * oidc-provider would do it by a page that submits itself with a script.
 */
export async function endOtherSession(
  ctx: Context,
  provider: Provider,
  interaction: Interaction,
  accountId: string,
): Promise<void> {
  const session = await provider.Session.get(ctx)
  if (session.accountId === undefined || session.accountId === accountId) return
  await session.destroy()
  // The sign-in goes on, without the session that it was begun in.
  delete interaction.session
  await interaction.save(interaction.exp - Math.floor(Date.now() / 1000))
}

/**
 * Lets the login page be shown to whoever is signed in with an account that has been disabled or removed, or with a
 * password that it has no more.
 */
export function askWhoIsGone(
  policy: interactionPolicy.DefaultPolicy,
  accounts: Accounts,
): interactionPolicy.DefaultPolicy {
  const { Check } = interactionPolicy
  const ask = (yes: boolean) => (yes ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT)
  const checks = policy.get('login')?.checks
  checks?.add(
    new Check('account_gone', 'the account cannot sign in any more', 'login_required', ({ oidc }) =>
      ask(oidc.session?.accountId !== undefined && oidc.account === undefined),
    ),
  )
  checks?.add(
    new Check('password_changed', 'the password has changed', 'login_required', async ({ oidc }) => {
      const { session, result } = oidc
      if (session?.accountId === undefined) return ask(false)
      // Which one was right when it was judged: it may have changed since.
      if (result?.login) markSession(session, result.login.password)
      const account = await accounts.find(session.accountId)
      return ask(account !== undefined && !hasCurrentPassword(session, account))
    }),
  )
  return policy
}
