import type { Context } from 'koa'
import type { Client, Interaction, InteractionResults, Provider } from 'oidc-provider'
import { type Config, resourceScopeNames, resourceScopes, type ScopeDescription } from '../../config/index.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { lifetimes } from '../lifetimes.ts'
import { consentPage } from '../views/consent.ts'
import { sendPage } from '../views/send-page.ts'
import { clientName, redirectTarget, verifyClient } from './client-identity.ts'
import { InvalidFormError } from './find-interaction.ts'
import type { FormTokens } from './form-token.ts'

/** What the consent page needs. */
export interface ConsentParts {
  readonly config: Pick<Config, 'resource' | 'client'>
  readonly provider: Provider
  readonly accounts: Accounts
  readonly formTokens: FormTokens
}

const openidScopes: Record<string, ScopeDescription> = {
  openid: { title: 'Know who you are', description: 'See your user name.' },
  offline_access: {
    title: 'Stay connected',
    description: `Keep this access while you are away, until it lies unused for ${days(lifetimes.refreshTokenIdle)}.`,
  },
}

/** Asks whether the client may have what it asks for, as far as the account may itself. */
export async function showConsent(
  ctx: Context,
  parts: ConsentParts,
  interaction: Interaction,
  client: Client,
): Promise<void> {
  const { config, formTokens } = parts
  const { account, openid, resource, unavailable } = await requested(parts, interaction)
  const redirectUri = redirectUriOf(interaction)
  const target = redirectUri === undefined ? undefined : redirectTarget(redirectUri)
  sendPage(
    ctx,
    200,
    consentPage({
      action: ctx.path,
      formToken: formTokens.create(interaction.uid),
      clientName: clientName(client),
      verification: verifyClient(client, redirectUri, config),
      redirectHost: target?.host,
      redirectsToThisComputer: target?.thisComputer ?? false,
      resource: config.resource,
      username: account.username,
      scopes: [
        ...resource.map((scope) => resourceScopes[scope]),
        ...openid.flatMap((scope) => openidScopes[scope] ?? []),
      ],
      unavailable,
      lifetime: openid.includes('offline_access')
        ? `Access lasts for ${hours(lifetimes.accessToken)} and is renewed without asking you, for up to ${days(lifetimes.refreshTokenAbsolute)}.`
        : `Access lasts for ${hours(lifetimes.accessToken)}.`,
    }),
  )
}

/**
 * Writes down the user's consent. It is added to what this browser's session has granted the client
 * before: earlier tokens stand on that grant, and go on working.
 */
export async function grantConsent(
  parts: ConsentParts,
  interaction: Interaction,
  client: Client,
): Promise<InteractionResults> {
  const { config, provider } = parts
  const { account, openid, resource } = await requested(parts, interaction)
  const existing =
    interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId)
  const grant =
    existing?.accountId === account.id && existing.clientId === client.clientId
      ? existing
      : new provider.Grant({ accountId: account.id, clientId: client.clientId })
  if (openid.length > 0) grant.addOIDCScope([...openid])
  if (resource.length > 0) grant.addResourceScope(config.resource, [...resource])
  // A grant that is saved again keeps its end, and the new refresh token would outlive it.
  grant.exp = undefined
  return { consent: { grantId: await grant.save() } }
}

async function requested({ accounts }: ConsentParts, { params, session }: Interaction) {
  const account = session && (await accounts.find(session.accountId))
  if (!account) throw new InvalidFormError('Nobody is signed in.')
  const scopes = new Set(String(params.scope ?? '').split(' '))
  const ofResource = resourceScopeNames.filter((scope) => scopes.has(scope))
  return {
    account,
    openid: Object.keys(openidScopes).filter((scope) => scopes.has(scope)),
    resource: ofResource.filter((scope) => account.scopes.includes(scope)),
    unavailable: ofResource.filter((scope) => !account.scopes.includes(scope)),
  }
}

/** A device has none: it fetches its answer itself (RFC 8628). */
function redirectUriOf({ params }: Interaction): string | undefined {
  return typeof params.redirect_uri === 'string' ? params.redirect_uri : undefined
}

function hours(seconds: number): string {
  const count = seconds / 3600
  return count === 1 ? '1 hour' : `${count} hours`
}

function days(seconds: number): string {
  return `${seconds / 86_400} days`
}
