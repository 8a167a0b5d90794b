import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { type AddressScope, isAtLeast, rangeOf, scopeOfHost } from '../runtime/address-scope.ts'
import { notNameable } from './named-host.ts'

/**
 * Sends requests to what servers name. A server may name only hosts on networks that are at least as public as its
 * own: a public one no private network, a private one no service of this machine. Where a name leads is judged as the
 * connection is made, and the address that was judged is connected to.
 */
export interface NetworkGuard {
  /**
   * @param namedBy the URL of the server or document that named `target`; undefined for the user's own word, which is
   *   not judged
   * @throws ClientFailure when it may not name `target`. Nothing was sent
   */
  send(target: URL, namedBy: string | undefined, init: RequestInit): Promise<Response>
  /**
   * Judges a URL that only the browser will open. The browser looks the name up once more.
   * @throws ClientFailure as `send`
   */
  judge(target: URL, namedBy: string): Promise<void>
}

/** How long it may take to connect to a server that named a URL for the browser, in milliseconds. */
const judgeTimeoutMs = 60_000

type Send = (url: URL, init: RequestInit) => Promise<Response>

/** @param resolve looks up names. Default: the system's resolver */
export function createNetworkGuard(resolve: LookupFunction = lookup): NetworkGuard {
  /** The scopes of the addresses that answered, by host name. */
  const reached = new Map<string, ReturnType<typeof rangeOf>>()
  /** The same, of addresses that have not answered yet: a name may lead to any address. */
  const lookedUp = new Map<string, readonly AddressScope[]>()
  /** One for each limit: a connection that one server may use may not be open to another. */
  const senders = new Map<AddressScope, Promise<Send>>()

  const onFound = (hostname: string, scopes: readonly AddressScope[]) => void lookedUp.set(hostname, scopes)

  /** To be called when a host has answered, which over https its certificate has proven. */
  function note(hostname: string, scopes = lookedUp.get(hostname)): void {
    lookedUp.delete(hostname)
    if (!scopes) return
    const known = reached.get(hostname)
    reached.set(hostname, rangeOf([...scopes, ...(known ? [known.narrowest, known.widest] : [])]))
  }

  function senderFor(limit: AddressScope): Promise<Send> {
    const sender = senders.get(limit) ?? openSender(limit, { resolve, onFound })
    senders.set(limit, sender)
    return sender
  }

  /** The least public scope that `target` may have. */
  async function limitFor(target: URL, namedBy: string, signal?: AbortSignal | null): Promise<AddressScope> {
    const namer = new URL(namedBy)
    const literal = scopeOfHost(namer.hostname)
    if (literal !== undefined) return literal
    // A server may name itself again. It may not have moved to a less public address meanwhile.
    if (namer.hostname === target.hostname) return reached.get(namer.hostname)?.narrowest ?? 'special'
    if (!reached.has(namer.hostname)) await reach(namer, signal)
    // Behind a proxy its address is not known here.
    if (!reached.has(namer.hostname)) note(namer.hostname, ['public'])
    return reached.get(namer.hostname)?.widest ?? 'public'
  }

  /** Connects, so that where it is is proven by its certificate and not by what its DNS says now. */
  async function reach({ origin, hostname }: URL, signal?: AbortSignal | null): Promise<void> {
    const send = await senderFor('special')
    const response = await send(new URL(origin), {
      method: 'HEAD',
      redirect: 'manual',
      signal: signal ?? null,
    })
    note(hostname)
    await response.body?.cancel()
  }

  return {
    async send(target, namedBy, init) {
      const limit = namedBy === undefined ? 'special' : await limitFor(target, namedBy, init.signal)
      const literal = scopeOfHost(target.hostname)
      if (literal !== undefined) {
        if (namedBy !== undefined && !isAtLeast(literal, limit)) throw notNameable(target, namedBy, literal)
        return await fetch(target, init)
      }
      try {
        const response = await (await senderFor(limit))(target, init)
        note(target.hostname)
        return response
      } catch (error) {
        const scope = refusedScope(error)
        throw scope === undefined || namedBy === undefined ? error : notNameable(target, namedBy, scope)
      }
    },
    async judge(target, namedBy) {
      const limit = await limitFor(target, namedBy, AbortSignal.timeout(judgeTimeoutMs))
      const literal = scopeOfHost(target.hostname)
      if (literal === undefined && isProxied()) return
      const scope = literal ?? (await refusedByLookup(target.hostname, limit, resolve))
      if (scope !== undefined && !isAtLeast(scope, limit)) throw notNameable(target, namedBy, scope)
    },
  }
}

/** Node.js was told to use the proxies of the environment (`NODE_USE_ENV_PROXY`): they look up names, then. */
function isProxied(): boolean {
  const dispatcher: unknown = Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1'))
  return Object(dispatcher).constructor?.name === 'EnvHttpProxyAgent'
}

/** undici takes a while to load, and is needed for names alone: not on this machine. */
async function openSender(
  limit: AddressScope,
  options: Parameters<typeof import('../runtime/guarded-fetch.ts').createGuardedLookup>[1],
): Promise<Send> {
  const [undici, { createGuardedLookup }] = await Promise.all([
    import('undici'),
    import('../runtime/guarded-fetch.ts'),
  ])
  const agentOptions = { connect: { lookup: createGuardedLookup(limit, options) } }
  const dispatcher = isProxied() ? new undici.EnvHttpProxyAgent(agentOptions) : new undici.Agent(agentOptions)
  return async (url, init) =>
    (await undici.fetch(url, { ...(init as object), dispatcher })) as unknown as Response
}

/** @returns undefined when all its addresses are as public as `limit`, or there are none */
async function refusedByLookup(
  hostname: string,
  limit: AddressScope,
  resolve: LookupFunction,
): Promise<AddressScope | undefined> {
  const { createGuardedLookup } = await import('../runtime/guarded-fetch.ts')
  const { promise, resolve: settle } = Promise.withResolvers<AddressScope | undefined>()
  createGuardedLookup(limit, { resolve })(hostname, { all: true }, (error) => settle(refusedScope(error)))
  return await promise
}

/** The scope for which an address was refused, if that is why a request failed. */
function refusedScope(error: unknown): AddressScope | undefined {
  for (let cause = error; typeof cause === 'object' && cause !== null; cause = Reflect.get(cause, 'cause')) {
    if (Reflect.get(cause, 'name') === 'InternalAddressError') return Reflect.get(cause, 'scope')
  }
  return undefined
}
