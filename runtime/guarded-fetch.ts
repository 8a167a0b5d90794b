import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, fetch } from 'undici'
import { type AddressScope, isAtLeast, scopeOfAddress } from './address-scope.ts'
import { createBoundedFetch } from './bounded-fetch.ts'

/** The longest document that a stranger's URL may have, in bytes: key sets are the longest. */
const maxBytes = 256 * 1024

/**
 * Makes the `fetch` for addresses that strangers name, such as client metadata documents: it connects to the
 * public Internet only, and never to a host that is named by an address.
 * Connections are not kept: each fetch looks the name up again.
 * @param resolve looks up names. Default: the system's resolver
 */
export function createGuardedFetch(resolve: LookupFunction = lookup): typeof globalThis.fetch {
  const dispatcher = new Agent({
    connect: { lookup: createGuardedLookup('public', { resolve }) },
    pipelining: 0,
  })
  return createBoundedFetch({
    maxBytes,
    async fetch(input, init) {
      const { hostname } = new URL(input instanceof Request ? input.url : input)
      // An address is connected to without being looked up.
      if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) throw new InternalAddressError(hostname, 'special')
      return (await fetch(input as string, { ...(init as object), dispatcher })) as unknown as Response
    },
  })
}

/** A host that is on a network that it may not be on, or is named by an address. Nothing was sent to it. */
export class InternalAddressError extends Error {
  override readonly name = 'InternalAddressError'
  readonly hostname: string
  /** The narrowest scope of its addresses. */
  readonly scope: AddressScope
  constructor(hostname: string, scope: AddressScope) {
    super(`${hostname} is an address, or leads to one that is not public.`)
    this.hostname = hostname
    this.scope = scope
  }
}

/** Options of {@link createGuardedLookup}. */
export interface GuardedLookupOptions {
  /** Looks up names. Default: the system's resolver. */
  readonly resolve?: LookupFunction
  /** Told of the addresses that are about to be connected to. */
  readonly onFound?: (hostname: string, scopes: readonly AddressScope[]) => void
}

/**
 * Looks a name up for a connection (`connect.lookup`), and refuses it when any of its addresses is less public than
 * `limit`. Those that were judged are connected to, so that a name that changes its mind (DNS rebinding) gains nothing
 * and no byte is sent.
 */
export function createGuardedLookup(
  limit: AddressScope,
  { resolve = lookup, onFound }: GuardedLookupOptions = {},
): LookupFunction {
  return (hostname, options, callback) =>
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0)
      const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found
      const scopes = addresses.map(({ address }) => scopeOfAddress(address))
      // A name with one internal address among public ones is not to be trusted with any.
      const refused = scopes.length === 0 ? 'special' : scopes.find((scope) => !isAtLeast(scope, limit))
      if (refused) return callback(new InternalAddressError(hostname, refused), '', 0)
      onFound?.(hostname, scopes)
      const [first] = addresses
      if (options.all || !first) return callback(null, [...addresses])
      callback(null, first.address, first.family)
    })
}
