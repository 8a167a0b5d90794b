import type { Context } from 'koa'
import type { Provider } from 'oidc-provider'
import type { Account } from '../../config/index.ts'
import type { Accounts } from '../accounts/accounts.ts'

/** @returns who is signed in in this browser; undefined for nobody, and when the account can sign in no more */
export async function signedInAccount(
  ctx: Context,
  { provider, accounts }: { provider: Provider; accounts: Accounts },
): Promise<Account | undefined> {
  const { accountId } = await provider.Session.get(ctx)
  return accountId === undefined ? undefined : accounts.find(accountId)
}
