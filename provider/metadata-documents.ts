import { isIP } from 'node:net'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { RateLimiterRes } from 'rate-limiter-flexible'
import type { AddressOf } from '../runtime/address-of.ts'
import type { Storage } from './storage/storage.ts'

/** Longer identifiers are nobody's: they would only fill logs, keys and pages. */
const maximumLength = 500

/**
 * Decides whether a client identifier's metadata document may be fetched (Client ID Metadata Document
 * draft §3). oidc-provider has already refused all but https, dot segments, fragments and user names; what
 * a name leads to is judged when the document is fetched.
 * @param clientId an https URL
 */
export function mayFetchMetadataDocument(clientId: string): boolean {
  const { href, hostname, pathname, search } = new URL(clientId)
  const address = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
  const internal = !hostname.includes('.') || /\.(localhost|local|internal|home\.arpa|)$/.test(hostname)
  // Identifiers are compared as strings: one document must not have many spellings.
  const normal = href === clientId && clientId.length <= maximumLength
  return normal && pathname !== '/' && search === '' && !address && !internal
}

/** How many documents one address may make the server fetch: nobody's web site is to be searched or flooded from here. */
export const documentLimit = { points: 60, seconds: 600 } as const

/** Decides, for each document that is not in the cache, whether it is fetched. */
export function createAllowFetch(parts: {
  readonly storage: Pick<Storage, 'createLimiter'>
  readonly addressOf: AddressOf
}): (ctx: KoaContextWithOIDC, clientId: string) => Promise<boolean> {
  const limiter = parts.storage.createLimiter('metadata-documents', documentLimit)
  return async ({ oidc, req }, clientId) => {
    if (!mayFetchMetadataDocument(clientId)) return false
    // The MCP server asks for everybody, and only about clients that have got a token.
    if (oidc.route === 'introspection') return true
    try {
      await limiter.consume(parts.addressOf(req))
      return true
    } catch (error) {
      if (error instanceof RateLimiterRes) return false
      throw error
    }
  }
}
