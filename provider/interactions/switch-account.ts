import type { Context } from 'koa'
import { type Interaction, interactionPolicy, type Provider } from 'oidc-provider'

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

/** Lets the login page be shown to whoever is signed in with an account that has been disabled or removed. */
export function askWhoIsGone(
  policy: interactionPolicy.DefaultPolicy = interactionPolicy.base(),
): interactionPolicy.DefaultPolicy {
  const { Check } = interactionPolicy
  policy.get('login')?.checks.add(
    new Check('account_gone', 'the account cannot sign in any more', 'login_required', ({ oidc }) => {
      const gone = oidc.session?.accountId !== undefined && oidc.account === undefined
      return gone ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT
    }),
  )
  return policy
}
