import { isIP } from 'node:net'

/**
 * Fetches with oidc-provider's guard against special-use addresses, and not without it: should the guard
 * not fit a later Node, the library would warn and fetch all the same.
 * @throws Error when the guard is missing
 */
export const guardedFetch: typeof fetch = async (url, options) => {
  if (!options || !('dispatcher' in options))
    throw new Error('The guard against internal addresses is missing.')
  return fetch(url, options)
}

/**
 * Decides whether a client identifier's metadata document may be fetched (Client ID Metadata Document
 * draft §3). oidc-provider has already refused all but https, dot segments, fragments and user names; it
 * also drops connections to special-use addresses, but only after the connection is made.
 * @param clientId an https URL
 */
export function mayFetchMetadataDocument(clientId: string): boolean {
  const { hostname, pathname } = new URL(clientId)
  const name = hostname.replace(/\.$/, '')
  const address = isIP(name.replace(/^\[|\]$/g, '')) !== 0
  const internal = !name.includes('.') || /\.(localhost|local|internal|home\.arpa)$/.test(name)
  return pathname !== '/' && !address && !internal
}
