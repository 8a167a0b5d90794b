import { type Fetch, withPurpose } from './secure-fetch.ts'

/**
 * The redirect URIs that the client's own metadata document lists.
 * @returns none when the document cannot be read: then the client has no redirect URI of an issuer's own
 */
export async function loadRedirectUris(url: string, fetch: Fetch): Promise<readonly string[]> {
  try {
    const labelled = withPurpose(fetch, 'client-metadata')
    const response = await labelled(url, { headers: { accept: 'application/json' }, redirect: 'manual' })
    const document: unknown = response.status === 200 ? await response.json() : undefined
    const { redirect_uris: listed } = Object(document) as Record<string, unknown>
    return Array.isArray(listed) ? listed.filter((uri) => typeof uri === 'string') : []
  } catch {
    return []
  }
}
