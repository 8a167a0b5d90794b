import { isIP } from 'node:net'

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
