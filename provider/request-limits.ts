import { hash, timingSafeEqual } from 'node:crypto'
import querystring from 'node:querystring'
import type { Middleware } from 'koa'
import type { ClientCredentials, Config } from '../config/index.ts'
import { type AddressLimit, createAddressLimit } from '../runtime/address-limit.ts'
import type { AddressOf } from '../runtime/address-of.ts'
import type { Audit } from './observability/audit.ts'
import { routeOf } from './route-of.ts'
import type { Storage } from './storage/storage.ts'
import { LimitReachedError } from './take-point.ts'

/** These ask no store, and there is nothing to guess. */
const unlimited: ReadonlySet<string> = new Set(['metadata', 'jwks'])

/** How many times RATE_LIMIT_ANONYMOUS an address may ask for these; anything else once. */
const shares: Readonly<Record<string, number>> = {
  // Behind one address may be a service that renews the tokens of many people.
  token: 4,
  // Behind one address may be an office in which everyone signs in at nine: four requests each, and three.
  interaction: 4,
  authorize: 4,
  // What is registered stays.
  register: 1 / 10,
  // Codes that are short enough to be typed.
  device: 1 / 5,
}

/** What the limits need. */
export interface RequestLimitParts {
  readonly config: Pick<Config, 'rateLimit' | 'resourceClient' | 'resourceClientJwks'>
  readonly addressOf: AddressOf
  readonly audit: Audit
  readonly storage: Pick<Storage, 'createLimiter'>
}

/**
 * Bounds what one address may ask for in a minute, route by route (RFC 6585 §4). The MCP server's questions about
 * tokens are not counted: with them would end everybody's access. By its secret it is recognised whatever strangers at
 * its address have done; by its key only when oidc-provider has verified that.
 */
export function requestLimits(parts: RequestLimitParts): Middleware {
  const { config, addressOf, audit, storage } = parts
  const limits = new Map<string, AddressLimit>()
  const provesByKey = config.resourceClientJwks !== undefined
  const isResourceServer = provesByKey ? () => false : verifyBasic(config.resourceClient)

  function limitOf(route: string): AddressLimit {
    const points = Math.max(1, Math.floor(config.rateLimit.anonymous * (shares[route] ?? 1)))
    const limit =
      limits.get(route) ??
      createAddressLimit((name, each) => storage.createLimiter(name, each), `requests-${route}`, {
        points,
        seconds: 60,
      })
    limits.set(route, limit)
    return limit
  }

  return async (ctx, next) => {
    const route = routeOf(ctx.path)
    // A preflight request leads to one that is counted.
    if (unlimited.has(route) || ctx.method === 'OPTIONS') return next()
    if (route === 'introspect' && isResourceServer(ctx.get('authorization'))) return next()
    const limit = limitOf(route)
    const address = addressOf(ctx.req)
    const known = limit.refused(address)
    if (known === undefined && route === 'introspect' && provesByKey) {
      await next()
      const proven = ctx.status === 200 && ctx.oidc?.client?.clientId === config.resourceClient.id
      // An answer that this server owes nobody is not held against whoever asked.
      if (!proven && ctx.status < 500) await limit.count(address)
      return
    }
    const seconds = known ?? (await limit.count(address))
    if (seconds === undefined) return next()
    audit({ event: 'rate_limited', route, address })
    ctx.set({ 'Retry-After': String(seconds), 'Access-Control-Allow-Origin': '*' })
    throw new LimitReachedError(`Too many requests came from this address. Try again in ${seconds} s.`)
  }
}

/** Recognises a client by its secret in HTTP Basic (RFC 6749 §2.3.1), before anything is looked up. */
function verifyBasic({ id, secret }: ClientCredentials): (authorization: string) => boolean {
  const digest = (...pair: readonly string[]) => hash('sha256', JSON.stringify(pair), 'buffer')
  const expected = digest(id, secret ?? '')
  const decode = (text: string) => querystring.unescape(text.replaceAll('+', ' '))
  return (authorization) => {
    const [, sent] = /^basic +(\S+)$/i.exec(authorization) ?? []
    if (sent === undefined || secret === undefined) return false
    const [, name = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(sent, 'base64').toString()) ?? []
    // Some encode both, as they should, some of these more letters than others, and some do not.
    const given = [digest(name, password), digest(decode(name), decode(password))]
    return given.map((one) => timingSafeEqual(one, expected)).includes(true)
  }
}
