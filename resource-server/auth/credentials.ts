/** What the `Authorization` header holds. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'dpop'; readonly token: string }
  | { readonly kind: 'malformed'; readonly detail: string }

/** RFC 6750 §2.1, RFC 9449 §7.1: one token68. A kilobyte or two is usual; the bound keeps hashing cheap. */
const pattern = /^(bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i
const maxLength = 8192

/**
 * Reads the credentials of a request (RFC 9110 §11.4). A token anywhere else, such as in the URL, is not looked for.
 * Two headers reach this joined by a comma, and are malformed rather than read as the first.
 * @param header the Authorization header, or null when there is none
 */
export function parseCredentials(header: string | null): Credentials {
  if (header === null) return { kind: 'none' }
  if (header.length > maxLength) return { kind: 'malformed', detail: 'The Authorization header is too long.' }
  const [, scheme, token] = pattern.exec(header.trim()) ?? []
  if (scheme === undefined || token === undefined) {
    return { kind: 'malformed', detail: 'The Authorization header must be "Bearer" or "DPoP" and one token.' }
  }
  return { kind: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token }
}
