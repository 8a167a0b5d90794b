import { type errors, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { AddressOf } from '../../runtime/address-of.ts'
import type { Audit, SecurityEvent } from './audit.ts'
import type { Metrics } from './metrics.ts'

/** Where the events go. */
export interface WatchParts {
  readonly audit: Audit
  readonly metrics: Metrics
  readonly addressOf: AddressOf
}

/** What polls for a person who has not decided yet is told, every few seconds. */
const pending: ReadonlySet<string> = new Set(['authorization_pending', 'slow_down', 'use_dpop_nonce'])

/** How oidc-provider and the storage adapter say that something was used before. */
const usedBefore = /already (used|consumed)/

/**
 * Turns oidc-provider's events into records and counts. Its answers are generic on purpose; the reason is in
 * `error_detail`, and goes no further than the audit trail.
 */
export function watchProvider(provider: Provider, { audit, metrics, addressOf }: WatchParts): void {
  const refused = (event: SecurityEvent['event']) => (ctx: KoaContextWithOIDC, error: OAuthError) => {
    // The person's own choice, which the consent page has told already.
    if (error.error === 'access_denied') return
    const kind = error.error === 'invalid_client' ? 'client_refused' : event
    audit({ ...circumstances(ctx), event: kind, reason: reasonOf(error) } as SecurityEvent)
  }
  const circumstances = (ctx: KoaContextWithOIDC) => ({ ...whoOf(ctx), address: addressOf(ctx.req) })

  provider.on('grant.success', (ctx) => {
    const grantType = grantTypeOf(ctx)
    metrics.granted(grantType, 'success')
    const { scope } = Object(ctx.body)
    audit({
      ...circumstances(ctx),
      event: grantType === 'refresh_token' ? 'token_refreshed' : 'token_issued',
      grantType,
      ...(typeof scope === 'string' && { scopes: scope.split(' ') }),
    })
  })
  provider.on('grant.error', (ctx, error: OAuthError) => {
    const grantType = grantTypeOf(ctx)
    metrics.granted(grantType, error.error)
    if (pending.has(error.error)) return
    const reason = reasonOf(error)
    const event = usedBefore.test(reason)
      ? 'token_replayed'
      : error.error === 'invalid_client'
        ? 'client_refused'
        : 'token_refused'
    const record = (owner?: string) =>
      audit({
        ...circumstances(ctx),
        ...(owner !== undefined && { subject: owner }),
        event,
        grantType,
        reason,
      } as SecurityEvent)
    if (event !== 'token_replayed' || grantType !== 'authorization_code') return record()
    // oidc-provider does not say whose code it was, and that is what looking into it begins with.
    void provider.AuthorizationCode.find(String(ctx.oidc.params?.code), { ignoreExpiration: true })
      .then((code) => code?.accountId)
      .catch(() => undefined)
      .then(record)
  })
  provider.on('server_error', (ctx) => {
    if (ctx.oidc?.route === 'token') metrics.granted(grantTypeOf(ctx), 'server_error')
  })

  // The revocation endpoint itself tells nobody that it succeeded.
  const destroyed = () => {
    const { ctx } = Provider
    if (ctx?.oidc.route === 'revocation') audit({ ...circumstances(ctx), event: 'token_revoked' })
  }
  provider.on('access_token.destroyed', destroyed)
  provider.on('refresh_token.destroyed', destroyed)
  provider.on('client_credentials.destroyed', destroyed)
  provider.on('grant.revoked', (ctx) => {
    // Whoever disconnects an application outside of oidc-provider's endpoints has told so.
    if (ctx.oidc) audit({ ...circumstances(ctx), event: 'grant_revoked', reason: ctx.oidc.route })
  })

  provider.on('registration_create.success', (ctx, client) =>
    audit({ event: 'client_registered', clientId: client.clientId, address: addressOf(ctx.req) }),
  )
  provider.on('registration_create.error', refused('registration_refused'))
  provider.on('authorization.error', refused('authorization_refused'))
  provider.on('pushed_authorization_request.error', refused('authorization_refused'))
  provider.on('device_authorization.error', refused('authorization_refused'))
  provider.on('introspection.error', refused('client_refused'))
  provider.on('revocation.error', refused('client_refused'))
}

type OAuthError = errors.OIDCProviderError

/** The client and the account, as far as they were found out. A client that failed to prove itself is who it claims. */
function whoOf({ oidc }: KoaContextWithOIDC): { clientId?: string; subject?: string } {
  const { entities } = oidc
  const clientId = oidc.client?.clientId ?? oidc.params?.client_id
  const subject =
    entities.Account?.accountId ??
    entities.AccessToken?.accountId ??
    entities.RefreshToken?.accountId ??
    entities.AuthorizationCode?.accountId ??
    oidc.session?.accountId
  return { ...(typeof clientId === 'string' && { clientId }), ...(subject !== undefined && { subject }) }
}

function grantTypeOf({ oidc }: KoaContextWithOIDC): string {
  const grantType = oidc.params?.grant_type
  return typeof grantType === 'string' ? grantType : 'none'
}

function reasonOf({ error, error_detail: detail, error_description: description }: OAuthError): string {
  const reason = detail ?? description
  return reason === undefined ? error : `${error}: ${reason}`
}
