import { errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import { type Config, resourceScopeNames } from '../config/index.ts'
import type { Accounts } from './accounts/accounts.ts'
import { lifetimes } from './lifetimes.ts'

/** oidc-provider's view of a resource (RFC 8707): who may have which of its scopes. */
export type GetResourceServerInfo = (ctx: KoaContextWithOIDC, resource: string) => Promise<ResourceServer>

/**
 * Describes the one resource that tokens are issued for, with the scopes cut to those of the account:
 * bob, who asks for everything, gets `read`.
 */
export function createGetResourceServerInfo(
  { resource }: Pick<Config, 'resource'>,
  accounts: Accounts,
): GetResourceServerInfo {
  return async (ctx, requested) => {
    if (requested !== resource) throw new errors.InvalidTarget()
    return {
      scope: (await permittedScopes(ctx, accounts)).join(' '),
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

async function permittedScopes({ oidc }: KoaContextWithOIDC, accounts: Accounts): Promise<readonly string[]> {
  const accountId = oidc.session?.accountId ?? oidc.account?.accountId
  if (accountId !== undefined) return (await accounts.find(accountId))?.scopes ?? []
  // Nobody has signed in yet: everything may be asked for, and is cut when the request is resumed.
  return requestingRoutes.has(oidc.route) ? resourceScopeNames : []
}

/**
 * Refuses a request that names any other resource than ours.
 * @throws errors.InvalidTarget
 */
export function assertResource({ oidc }: KoaContextWithOIDC, { resource }: Pick<Config, 'resource'>): void {
  const requested = [oidc.params?.resource ?? []].flat()
  if (requested.some((one) => one !== resource)) throw new errors.InvalidTarget()
}

/** What a request asks for that names no scope (RFC 6749 §3.3). */
export const defaultScope = 'read'
