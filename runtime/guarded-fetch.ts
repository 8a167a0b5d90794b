import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, fetch } from 'undici'
import { isPublicAddress } from './address-scope.ts'

/**
 * Makes the `fetch` for addresses that strangers name, such as client metadata documents: it connects to the
 * public Internet only. Addresses are judged when a name is looked up, and those that were judged are
 * connected to, so that a name that changes its mind (DNS rebinding) gains nothing and no byte is sent.
 * Connections are not kept: each fetch looks the name up again.
 * @param resolve looks up names. Default: the system's resolver
 */
export function createGuardedFetch(resolve: LookupFunction = lookup): typeof globalThis.fetch {
  const dispatcher = new Agent({ connect: { lookup: publicOnly(resolve) }, pipelining: 0 })
  return async (input, init) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input)
    // An address is connected to without being looked up.
    if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) throw new InternalAddressError(hostname)
    return (await fetch(input as string, { ...(init as object), dispatcher })) as unknown as Response
  }
}

/** A host that is not on the public Internet, or is named by an address. Nothing was sent to it. */
class InternalAddressError extends Error {
  override readonly name = 'InternalAddressError'
  constructor(hostname: string) {
    super(`${hostname} is an address, or leads to one that is not public.`)
  }
}

function publicOnly(resolve: LookupFunction): LookupFunction {
  return (hostname, options, callback) =>
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0)
      const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found
      // A name with one internal address among public ones is not to be trusted with any.
      if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(new InternalAddressError(hostname), '', 0)
      }
      const [first] = addresses
      if (options.all || !first) return callback(null, [...addresses])
      callback(null, first.address, first.family)
    })
}
