import { type Client, errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import { type Config, type ResourceScope, resourceScopeNames } from '../config/index.ts'
import type { Accounts } from './accounts/accounts.ts'
import { lifetimes } from './lifetimes.ts'

/** oidc-provider's view of a resource (RFC 8707): who may have which of its scopes. */
export type GetResourceServerInfo = (
  ctx: KoaContextWithOIDC,
  resource: string,
  client: Client,
) => Promise<ResourceServer>

/**
 * Describes the one resource that tokens are issued for, with the scopes cut to those of the account:
 * bob, who asks for everything, gets `read`. A client whose scopes the operator has listed gets no others.
 */
export function createGetResourceServerInfo(
  { resource, clients }: Pick<Config, 'resource' | 'clients'>,
  accounts: Accounts,
): GetResourceServerInfo {
  const listed = new Map(clients.map(({ client_id: id, scope }) => [id, scope]))
  return async (ctx, requested, { clientId }) => {
    if (requested !== resource) throw new errors.InvalidTarget()
    const limit = listed.get(clientId)
    const permitted = isMachine(ctx) ? machineScopes(ctx, limit) : await permittedScopes(ctx, accounts)
    return {
      scope: permitted.filter((scope) => limit === undefined || limit.includes(scope)).join(' '),
      audience: resource,
      accessTokenFormat: 'opaque',
      accessTokenTTL: lifetimes.accessToken,
    }
  }
}

/** Where a request begins that somebody who signs in later decides on. */
const requestingRoutes: ReadonlySet<string> = new Set([
  'authorization',
  'pushed_authorization_request',
  'device_authorization',
  'code_verification',
])

async function permittedScopes(
  { oidc }: KoaContextWithOIDC,
  accounts: Accounts,
): Promise<readonly ResourceScope[]> {
  const accountId = oidc.session?.accountId ?? oidc.account?.accountId
  if (accountId !== undefined) return (await accounts.find(accountId))?.scopes ?? []
  // Nobody has signed in yet: everything may be asked for, and is cut when the request is resumed.
  return requestingRoutes.has(oidc.route) ? resourceScopeNames : []
}

function isMachine({ oidc }: KoaContextWithOIDC): boolean {
  return oidc.route === 'token' && oidc.params?.grant_type === 'client_credentials'
}

/** Nobody consents to what a machine does: the operator's list is all, and asking for more is an error. */
function machineScopes({ oidc }: KoaContextWithOIDC, listed: readonly ResourceScope[] = []) {
  const { scope } = oidc.params ?? {}
  const beyond = String(scope ?? '')
    .split(' ')
    .find((one) => one !== '' && !(listed as readonly string[]).includes(one))
  if (beyond !== undefined) throw new errors.InvalidScope('requested scope is not allowed', beyond)
  // A request that names none is for all of them (RFC 6749 §3.3).
  if (scope === undefined && oidc.params) oidc.params.scope = listed.join(' ')
  return listed
}

/**
 * Refuses a request that names any other resource than ours.
 * @throws errors.InvalidTarget
 */
export function assertResource({ oidc }: KoaContextWithOIDC, { resource }: Pick<Config, 'resource'>): void {
  const requested = [oidc.params?.resource ?? []].flat()
  if (requested.some((one) => one !== resource)) throw new errors.InvalidTarget()
}

/**
 * What an authorization request asks for: `read` when it names no scope (RFC 6749 §3.3), or oidc-provider would end in
 * access_denied after the user has signed in. What the operator has not listed for the client, nobody is asked for.
 * @throws errors.InvalidScope when that leaves nothing
 */
export function requestedScope(
  scope: string | undefined,
  clientId: string | undefined,
  { clients }: Pick<Config, 'clients'>,
): string {
  const listed = clients.find(({ client_id: id }) => id === clientId)?.scope
  const beyond = resourceScopeNames.filter((name) => listed && !listed.includes(name)) as readonly string[]
  const left = (scope ?? listed?.[0] ?? 'read').split(' ').filter((name) => !beyond.includes(name))
  if (left.length === 0) throw new errors.InvalidScope('requested scope is not allowed', scope ?? '')
  return left.join(' ')
}
