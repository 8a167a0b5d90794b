import type { Context } from 'koa'
import type { Provider, Session } from 'oidc-provider'
import type { Account } from '../../config/index.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { hasCurrentPassword } from './session-password.ts'

/** Somebody who is signed in in this browser. */
export interface SignedIn {
  readonly session: Session
  readonly account: Account
}

/**
 * @returns who is signed in in this browser; undefined for nobody, and when the account can sign in no more or has
 * another password by now
 */
export async function findSignedIn(
  ctx: Context,
  { provider, accounts }: { readonly provider: Provider; readonly accounts: Accounts },
): Promise<SignedIn | undefined> {
  const session = await provider.Session.get(ctx)
  const account = session.accountId === undefined ? undefined : await accounts.find(session.accountId)
  return account && hasCurrentPassword(session, account) ? { session, account } : undefined
}
