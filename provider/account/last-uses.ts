import type { Context, Middleware } from 'koa'
import { LRUCache } from 'lru-cache'
import type { Grant } from 'oidc-provider'
import type { Logger } from '../../runtime/logger.ts'
import type { Storage } from '../storage/storage.ts'

/** When a grant was last of use. */
export interface LastUse {
  /** Unix seconds. It may be up to an hour too early. */
  readonly usedAt: number
  /** When the access token that was used or issued ends, Unix seconds. */
  readonly accessUntil: number
}

/** Remembers when grants were last used, without a write for each use. */
export interface LastUses {
  find(grantId: string): Promise<LastUse | undefined>
  remove(grantId: string): Promise<void>
  /** Notes what a request to the token or introspection endpoint has used. Nobody waits for the write. */
  middleware(): Middleware
}

const hourMs = 3_600_000

/** How many grants' writes are remembered. Beyond that, a grant is written more often than once an hour. */
const rememberedGrants = 20_000

/** @param now the clock, Unix milliseconds */
export function createLastUses(
  { storage, logger }: { readonly storage: Storage; readonly logger: Logger },
  now: () => number = Date.now,
): LastUses {
  const writtenAt = new LRUCache<string, number>({ max: rememberedGrants })

  async function write(grant: Grant, accessUntil: number): Promise<void> {
    writtenAt.set(grant.jti, now())
    const use: LastUse = { usedAt: Math.floor(now() / 1000), accessUntil }
    await storage.set(key(grant.jti), use, Math.max((grant.exp ?? 0) * 1000 - now(), 1))
  }

  return {
    find: (grantId) => storage.get<LastUse>(key(grantId)),
    async remove(grantId) {
      await storage.delete(key(grantId))
    },
    middleware: () => async (ctx, next) => {
      await next()
      const use = usedBy(ctx)
      if (!use) return
      const { grant, accessUntil, isFirst } = use
      if (!isFirst && now() - (writtenAt.get(grant.jti) ?? 0) < hourMs) return
      write(grant, accessUntil).catch((error) => {
        writtenAt.delete(grant.jti)
        logger.warn({ err: error }, 'the last use of a grant could not be written down')
      })
    },
  }
}

function usedBy(ctx: Context) {
  const { route, entities } = ctx.oidc ?? {}
  const { Grant: grant, AccessToken: token, RotatedRefreshToken: rotated } = entities ?? {}
  const succeeded =
    (route === 'introspection' && Object(ctx.body).active === true) ||
    (route === 'token' && ctx.status === 200)
  if (!grant || token?.exp === undefined || !succeeded) return undefined
  return { grant, accessUntil: token.exp, isFirst: route === 'token' && !rotated }
}

function key(grantId: string): string {
  return `LastUse:${grantId}`
}
