import type { Context } from 'koa'
import type { Client, Interaction, InteractionResults, Provider } from 'oidc-provider'
import { type Config, resourceScopeNames } from '../../config/index.ts'
import type { AddressOf } from '../../runtime/address-of.ts'
import type { Connections } from '../account/connections.ts'
import { type Accounts, displayName } from '../accounts/accounts.ts'
import type { KnownClients } from '../clients.ts'
import { lifetimes } from '../lifetimes.ts'
import type { Audit } from '../observability/audit.ts'
import { openidScopes, scopeDescriptions } from '../scope-descriptions.ts'
import { consentPage } from '../views/consent.ts'
import { sendPage } from '../views/send-page.ts'
import {
  clientName,
  isLoopbackOnly,
  redirectTarget,
  remembersConsent,
  verifyClient,
} from './client-identity.ts'
import { type ConsentAnswer, readConsentAnswer, readConsentRequest } from './consent-request.ts'
import type { FormTokens } from './form-token.ts'

/** What the consent page needs. */
export interface ConsentParts {
  readonly config: Pick<Config, KnownClients | 'resource'>
  readonly provider: Provider
  readonly accounts: Accounts
  readonly connections: Connections
  readonly formTokens: FormTokens
  readonly audit: Audit
  readonly addressOf: AddressOf
}

/** Asks what the client may have of what it asks for, as far as the account may itself. */
export async function showConsent(
  ctx: Context,
  { config, accounts, connections, formTokens }: ConsentParts,
  interaction: Interaction,
  client: Client,
): Promise<void> {
  const { account, offered, unavailable } = await readConsentRequest(accounts, interaction)
  const redirectUri = redirectUriOf(interaction)
  const target = redirectUri === undefined ? undefined : redirectTarget(redirectUri)
  const earlier = (await connections.find(account.id, client.clientId))?.choices
  const page = consentPage({
    action: ctx.path,
    formToken: formTokens.create(interaction.uid),
    clientName: clientName(client),
    verification: verifyClient(client.clientId, redirectUri, config),
    redirectHost: target?.host,
    redirectsToThisComputer: target?.thisComputer ?? false,
    loopbackOnly: isLoopbackOnly(client),
    resource: config.resource,
    username: displayName(account),
    scopes: offered.map((scope) => ({
      name: scope,
      ...scopeDescriptions[scope],
      ticked: earlier?.[scope] ?? true,
      leftOutBefore: earlier?.[scope] === false,
    })),
    unavailable,
    accessHours: lifetimes.accessToken / 3600,
    renewedForDays: offered.includes('offline_access') ? lifetimes.refreshTokenAbsolute / 86_400 : undefined,
    issuerHost: new URL(config.issuer).host,
  })
  sendPage(ctx, 200, page)
}

/**
 * Takes the user's answer.
 * @returns undefined when it is no, or nothing was ticked
 */
export async function submitConsent(
  ctx: Context,
  parts: ConsentParts,
  interaction: Interaction,
  client: Client,
  form: URLSearchParams,
): Promise<InteractionResults | undefined> {
  const request = await readConsentRequest(parts.accounts, interaction)
  const answer = form.get('decision') === 'allow' ? readConsentAnswer(request, form) : undefined
  const grantId = answer && (await saveConsent(parts, interaction, client, request.account.id, answer))
  parts.audit({
    event: answer ? 'consent' : 'consent_refused',
    account: request.account.username,
    subject: request.account.id,
    clientId: client.clientId,
    address: parts.addressOf(ctx.req),
    ...(answer && { scopes: answer.granted }),
  })
  return grantId === undefined ? undefined : { consent: { grantId } }
}

/**
 * Writes down what the user ticked, as a grant of its own. What was issued earlier stands on an earlier
 * grant, so that no later answer widens or narrows it, and ending one sign-in leaves the others alone.
 * @returns the grant's identifier
 */
async function saveConsent(
  parts: ConsentParts,
  interaction: Interaction,
  client: Client,
  accountId: string,
  answer: ConsentAnswer,
): Promise<string> {
  const { config, provider, connections } = parts
  const { clientId } = client
  const refreshable = answer.granted.includes('offline_access')
  const expiresIn =
    refreshable || remembersConsent(client, config) ? lifetimes.grant : lifetimes.grantOfOneToken
  const grant = new provider.Grant({ accountId, clientId, ...{ expiresIn } })
  answerScopes(grant, answer, config.resource)
  const [grantId, earlier] = await Promise.all([grant.save(), connections.find(accountId, clientId)])
  const redirectUri = redirectUriOf(interaction)
  const connection = {
    clientId,
    clientName: clientName(client),
    ...(redirectUri !== undefined && { redirectUri }),
    choices: { ...earlier?.choices, ...choices(answer) },
    grantId,
  }
  await connections.add(accountId, connection, expiresIn)
  return grantId
}

/** What was left out has to be written down too: oidc-provider would ask for it again at once. */
function answerScopes(
  grant: InstanceType<Provider['Grant']>,
  { granted, leftOut }: ConsentAnswer,
  resource: string,
): void {
  const openid = (scopes: readonly string[]) => openidScopes.filter((scope) => scopes.includes(scope))
  const ofResource = (scopes: readonly string[]) =>
    resourceScopeNames.filter((scope) => scopes.includes(scope))
  grant.addOIDCScope(openid(granted))
  grant.addResourceScope(resource, ofResource(granted))
  grant.rejectOIDCScope(openid(leftOut))
  grant.rejectResourceScope(resource, ofResource(leftOut))
}

function choices({ granted, leftOut }: ConsentAnswer): Record<string, boolean> {
  return Object.fromEntries([
    ...granted.map((scope) => [scope, true] as const),
    ...leftOut.map((scope) => [scope, false] as const),
  ])
}

/** A device has none: it fetches its answer itself (RFC 8628). */
function redirectUriOf({ params }: Interaction): string | undefined {
  return typeof params.redirect_uri === 'string' ? params.redirect_uri : undefined
}
