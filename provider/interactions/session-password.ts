import { hash } from 'node:crypto'
import type { ClientAuthorizationState, Session } from 'oidc-provider'
import type { Account } from '../../config/index.ts'
import { accountPageClientId } from '../account/sign-in.ts'

/**
 * Names the password that somebody has signed in with. The hash that it is made of has a random salt, so it tells
 * nothing about the password.
 */
export function passwordMark({ passwordHash }: Pick<Account, 'passwordHash'>): string {
  return hash('sha256', passwordHash, 'base64url')
}

/** What oidc-provider keeps in a session for each client; the mark stands with this server's own page. */
interface OwnState extends ClientAuthorizationState {
  password?: unknown
}

/** Notes in a session which password it was signed in with. */
export function markSession(session: Session, mark: unknown): void {
  const own: OwnState = { ...session.authorizations?.[accountPageClientId], password: mark }
  session.authorizations = { ...session.authorizations, [accountPageClientId]: own }
}

/** @returns false for a session that was signed in with another password than the account has now */
export function hasCurrentPassword(session: Session, account: Pick<Account, 'passwordHash'>): boolean {
  const own: OwnState | undefined = session.authorizations?.[accountPageClientId]
  return own?.password === passwordMark(account)
}
