import type { Interaction } from 'oidc-provider'
import { type Account, type ResourceScope, resourceScopeNames } from '../../config/index.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { type GrantableScope, grantableScopes, openidScopes } from '../scope-descriptions.ts'
import { InvalidFormError } from './find-interaction.ts'

/** What an authorization request asks a user for. */
export interface ConsentRequest {
  readonly account: Account
  /** What can be granted, in the order in which it is shown. */
  readonly offered: readonly GrantableScope[]
  /** What was asked for, and the account may not do itself. */
  readonly unavailable: readonly ResourceScope[]
}

/** What a user answered. */
export interface ConsentAnswer {
  readonly granted: readonly GrantableScope[]
  readonly leftOut: readonly GrantableScope[]
}

/**
 * Reads the request that an interaction is about.
 * @throws InvalidFormError when nobody is signed in
 */
export async function readConsentRequest(
  accounts: Accounts,
  { params, session }: Interaction,
): Promise<ConsentRequest> {
  const account = session && (await accounts.find(session.accountId))
  if (!account) throw new InvalidFormError('Nobody is signed in.')
  const asked = new Set<string>(String(params.scope ?? '').split(' '))
  const open = new Set<string>([...openidScopes, ...account.scopes])
  const offered = grantableScopes.filter((scope) => asked.has(scope) && open.has(scope))
  return {
    account,
    // Staying connected permits nothing by itself.
    offered: offered.some(permitsSomething) ? offered : [],
    unavailable: resourceScopeNames.filter((scope) => asked.has(scope) && !open.has(scope)),
  }
}

/**
 * Reads what was ticked. What was not offered cannot be granted, whatever the form says.
 * @returns undefined when nothing was, which denies the request
 */
export function readConsentAnswer(
  { offered }: ConsentRequest,
  form: URLSearchParams,
): ConsentAnswer | undefined {
  const ticked = new Set(form.getAll('scope'))
  const granted = offered.filter((scope) => ticked.has(scope))
  if (!granted.some(permitsSomething)) return undefined
  return { granted, leftOut: offered.filter((scope) => !ticked.has(scope)) }
}

function permitsSomething(scope: GrantableScope): boolean {
  return scope !== 'offline_access'
}
