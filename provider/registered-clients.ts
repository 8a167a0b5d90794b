import type { Middleware } from 'koa'
import { LRUCache } from 'lru-cache'
import type { AdapterFactory, AdapterPayload } from 'oidc-provider'
import type { AddressOf } from '../runtime/address-of.ts'
import type { Logger } from '../runtime/logger.ts'
import { limitersOfNetworks } from '../runtime/network-limit.ts'
import { lifetimes } from './lifetimes.ts'
import type { Audit } from './observability/audit.ts'
import type { Storage } from './storage/storage.ts'
import { createAdapterFactory } from './storage/storage-adapter.ts'
import { LimitReachedError, takePoint } from './take-point.ts'
import type { UnusedClients } from './unused-clients.ts'

const daySeconds = 86_400

/** How many clients one address may register in a day. An IPv6 /56 has four times, a /48 eight times as many. */
export const registrationLimits = { address: 60 } as const

/** What registered clients need. */
export interface RegisteredClientParts {
  readonly storage: Storage
  readonly addressOf: AddressOf
  readonly audit: Audit
  readonly unusedClients: UnusedClients
}

/** Gives a client that has just registered (RFC 7591) little time: {@link renewUsedClients} gives it more. */
export function expiringClients(createAdapter: AdapterFactory): AdapterFactory {
  return (model) => {
    const adapter = createAdapter(model)
    if (model !== 'Client') return adapter
    const upsert = adapter.upsert.bind(adapter)
    return Object.assign(adapter, {
      upsert: (id: string, payload: AdapterPayload) => upsert(id, payload, lifetimes.unusedClient),
    })
  }
}

/**
 * Lets a client live on whose user has just got a token for it. About one write a day and client. A store that
 * fails here must not cost the client its answer: the tokens in it are written, and the old ones used up.
 */
export function renewUsedClients({
  storage,
  unusedClients,
  logger,
}: Pick<RegisteredClientParts, 'storage' | 'unusedClients'> & { readonly logger: Logger }): Middleware {
  const clients = createAdapterFactory(storage)('Client')
  const renewed = new LRUCache<string, true>({ max: 10_000, ttl: 3_600_000 })
  return async (ctx, next) => {
    await next()
    const { route, client, entities } = ctx.oidc ?? {}
    // A code was issued: the user has signed in and consented.
    if (entities?.AuthorizationCode && route !== 'token' && client?.clientIdIssuedAt !== undefined) {
      await unusedClients.markUsed(client.clientId).catch(warn)
    }
    // Only those that registered have such a time.
    if (route !== 'token' || ctx.status !== 200 || client?.clientIdIssuedAt === undefined) return
    const { clientId } = client
    if (renewed.has(clientId)) return
    renewed.set(clientId, true)
    await renew(clientId).catch((error) => {
      renewed.delete(clientId)
      warn(error)
    })
  }

  function warn(error: unknown): void {
    logger.warn({ err: error }, 'the use of a client could not be written down')
  }

  async function renew(clientId: string): Promise<void> {
    const use = `ClientUse:${clientId}`
    if ((await storage.get(use)) !== undefined) return
    const payload = await clients.find(clientId)
    if (payload) await clients.upsert(clientId, payload, lifetimes.idleClient)
    await storage.set(use, true, daySeconds * 1000)
  }
}

/**
 * Bounds registrations, of one address and its networks, across all replicas: 429 with Retry-After above that. There
 * is no bound for all together, which one caller could fill: the oldest unused clients are dropped.
 */
export function limitRegistrations({
  storage,
  addressOf,
  audit,
  unusedClients,
}: RegisteredClientParts): Middleware {
  const ofAddress = limitersOfNetworks(storage.createLimiter, 'registrations-address', {
    points: registrationLimits.address,
    seconds: daySeconds,
  })
  return async (ctx, next) => {
    if (ctx.path !== '/register' || ctx.method !== 'POST') return next()
    const address = addressOf(ctx.req)
    try {
      for (const [limiter, network] of ofAddress(address)) {
        await takePoint(ctx, limiter, network, 'Too many clients were registered from this address.')
      }
    } catch (error) {
      if (!(error instanceof LimitReachedError)) throw error
      audit({ event: 'registration_refused', address, reason: error.message, status: error.status })
      ctx.status = error.status
      ctx.body = { error: error.error, error_description: error.message }
      return
    }
    await next()
    if (ctx.status !== 201) return
    const dropped = await unusedClients.add(String(Object(ctx.body).client_id))
    if (dropped !== undefined) audit({ event: 'client_dropped', clientId: dropped, reason: 'never used' })
  }
}
