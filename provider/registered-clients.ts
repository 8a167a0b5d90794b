import type { Middleware } from 'koa'
import { LRUCache } from 'lru-cache'
import type { AdapterFactory, AdapterPayload } from 'oidc-provider'
import type { AddressOf } from '../runtime/address-of.ts'
import type { Logger } from '../runtime/logger.ts'
import { networkOf } from '../runtime/networks-of.ts'
import { lifetimes } from './lifetimes.ts'
import type { Audit } from './observability/audit.ts'
import type { Storage } from './storage/storage.ts'
import { createAdapterFactory } from './storage/storage-adapter.ts'
import { LimitReachedError, takePoint } from './take-point.ts'

const daySeconds = 86_400

/** How many clients may register in a day. Those that are never used live no longer, so that many lie here at most, twice. */
export const registrationLimits = { address: 60, all: 10_000 } as const

/** What registered clients need. */
export interface RegisteredClientParts {
  readonly storage: Storage
  readonly addressOf: AddressOf
  readonly audit: Audit
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
  logger,
}: Pick<RegisteredClientParts, 'storage'> & { readonly logger: Logger }): Middleware {
  const clients = createAdapterFactory(storage)('Client')
  const renewed = new LRUCache<string, true>({ max: 10_000, ttl: 3_600_000 })
  return async (ctx, next) => {
    await next()
    const { route, client } = ctx.oidc ?? {}
    // Only those that registered have such a time.
    if (route !== 'token' || ctx.status !== 200 || client?.clientIdIssuedAt === undefined) return
    const { clientId } = client
    if (renewed.has(clientId)) return
    renewed.set(clientId, true)
    await renew(clientId).catch((error) => {
      renewed.delete(clientId)
      logger.warn({ err: error }, 'the use of a client could not be written down')
    })
  }

  async function renew(clientId: string): Promise<void> {
    const use = `ClientUse:${clientId}`
    if ((await storage.get(use)) !== undefined) return
    const payload = await clients.find(clientId)
    if (payload) await clients.upsert(clientId, payload, lifetimes.idleClient)
    await storage.set(use, true, daySeconds * 1000)
  }
}

/** Bounds registrations, of one address and of all, across all replicas: 429 with Retry-After above that. */
export function limitRegistrations({ storage, addressOf, audit }: RegisteredClientParts): Middleware {
  const limiter = (name: string, points: number) =>
    storage.createLimiter(name, { points, seconds: daySeconds })
  const ofAddress = limiter('registrations-address', registrationLimits.address)
  const ofAll = limiter('registrations', registrationLimits.all)
  return async (ctx, next) => {
    if (ctx.path !== '/register' || ctx.method !== 'POST') return next()
    const address = addressOf(ctx.req)
    try {
      await takePoint(
        ctx,
        ofAddress,
        networkOf(address),
        'Too many clients were registered from this address.',
      )
      await takePoint(ctx, ofAll, 'all', 'Too many clients were registered here today.')
    } catch (error) {
      if (!(error instanceof LimitReachedError)) throw error
      audit({ event: 'registration_refused', address, reason: error.message })
      ctx.status = error.status
      ctx.body = { error: error.error, error_description: error.message }
      return
    }
    await next()
    // What was not registered does not count against everybody else.
    if (ctx.status !== 201) await ofAll.reward('all')
  }
}
