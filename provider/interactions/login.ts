import type { Context } from 'koa'
import type { Client, Interaction, InteractionResults } from 'oidc-provider'
import type { Config } from '../../config/index.ts'
import { accountPageClientId } from '../account/sign-in.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { publishedAccounts } from '../accounts/published-accounts.ts'
import { loginPage } from '../views/login.ts'
import { sendPage } from '../views/send-page.ts'
import { clientName } from './client-identity.ts'
import type { FormTokens } from './form-token.ts'

/** What the login page needs. */
export interface LoginParts {
  readonly config: Pick<Config, 'resource' | 'development' | 'accountsFile'>
  readonly accounts: Accounts
  readonly formTokens: FormTokens
}

/** Asks for a user name and a password. A `login_hint` fills in the user name. */
export function showLogin(ctx: Context, parts: LoginParts, interaction: Interaction, client: Client): void {
  const { login_hint: hint } = interaction.params
  render(ctx, 200, parts, { interaction, client, username: typeof hint === 'string' ? hint : '' })
}

/**
 * Judges a submitted login form. When it does not fit, the page is answered again, with 422: 401 would
 * have to name an HTTP authentication scheme (RFC 9110 §15.5.2).
 * @returns the result for oidc-provider; undefined when the page was answered
 */
export async function submitLogin(
  ctx: Context,
  parts: LoginParts,
  interaction: Interaction,
  client: Client,
  form: URLSearchParams,
): Promise<InteractionResults | undefined> {
  const username = form.get('username') ?? ''
  const account = await parts.accounts.authenticate(username, form.get('password') ?? '')
  if (account) return { login: { accountId: account.id } }
  render(ctx, 422, parts, {
    interaction,
    client,
    username,
    problem: 'The user name and the password do not belong together. Check both and try again.',
  })
  return undefined
}

function render(
  ctx: Context,
  status: number,
  { config, formTokens }: LoginParts,
  page: { interaction: Interaction; client: Client; username: string; problem?: string },
): void {
  const { interaction, client, ...fields } = page
  sendPage(
    ctx,
    status,
    loginPage({
      ...fields,
      action: ctx.path,
      formToken: formTokens.create(interaction.uid),
      clientName: client.clientId === accountPageClientId ? undefined : clientName(client),
      resource: config.resource,
      testAccounts: publishedAccounts(config),
    }),
  )
}
