import type { Grant, KoaContextWithOIDC } from 'oidc-provider'
import type { Config } from '../../config/index.ts'
import type { Connections } from '../account/connections.ts'
import { accountPageClientId } from '../account/sign-in.ts'
import type { KnownClients } from '../clients.ts'
import { lifetimes } from '../lifetimes.ts'
import { remembersConsent } from './client-identity.ts'

/**
 * Finds the grant that an authorization request stands on: the one that was just consented to. Else, when
 * the client's consent is remembered, the latest one, if it gives all that is asked for and has time left.
 */
export function createLoadExistingGrant(
  config: Pick<Config, KnownClients>,
  connections: Connections,
): (ctx: KoaContextWithOIDC) => Promise<Grant | undefined> {
  return async (ctx) => {
    const { account, client, result, provider } = ctx.oidc
    if (!account || !client) return undefined
    const { accountId } = account
    const { clientId } = client
    if (result?.consent?.grantId !== undefined) return provider.Grant.find(result.consent.grantId)
    if (clientId === accountPageClientId) {
      // Never saved, so that nothing can be issued for it.
      const grant = new provider.Grant({ accountId, clientId })
      grant.addOIDCScope('openid')
      return grant
    }
    if (!remembersConsent(client, config)) return undefined
    const connection = await connections.find(accountId, clientId)
    const grant = connection && (await provider.Grant.find(connection.grantId))
    return grant && grant.remainingTTL >= lifetimes.refreshTokenIdle && covers(grant, ctx) ? grant : undefined
  }
}

/** Whether nothing is asked for that the grant does not give. What was left out counts as new: people change their minds. */
function covers(grant: Grant, { oidc }: KoaContextWithOIDC): boolean {
  const openid = grant.getOIDCScope().split(' ')
  return (
    [...oidc.requestParamOIDCScopes].every((scope) => openid.includes(scope)) &&
    Object.entries(oidc.resourceServers ?? {}).every(([resource, { scopes }]) => {
      const granted = grant.getResourceScope(resource).split(' ')
      return [...oidc.requestParamScopes].every((scope) => !scopes.has(scope) || granted.includes(scope))
    })
  )
}
