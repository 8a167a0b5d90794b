import { isIP } from 'node:net'
import { type AdapterFactory, type AdapterPayload, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { AddressOf } from '../runtime/address-of.ts'
import { networkOf } from '../runtime/networks-of.ts'
import { wrapLimiter } from '../runtime/rate-limiter.ts'
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
  const limiter = wrapLimiter(parts.storage.createLimiter('metadata-documents', documentLimit))
  return async ({ req }, clientId) => {
    if (!mayFetchMetadataDocument(clientId)) return false
    return (await limiter.count(networkOf(parts.addressOf(req)))) === undefined
  }
}

/** What introspection has to know of a client: oidc-provider asks whether it wants pairwise subjects, and none does. */
const undescribed = {
  redirect_uris: [],
  response_types: [],
  grant_types: [],
  token_endpoint_auth_method: 'none',
} as const

/**
 * Lets introspection do without the documents of the tokens' clients: a host that is down would end the access that
 * a user has given, and one that is slow would hold up the MCP server's questions about everybody's tokens.
 */
export function unfetchedAtIntrospection(createAdapter: AdapterFactory): AdapterFactory {
  return (model) => {
    const adapter = createAdapter(model)
    if (model !== 'Client') return adapter
    const find = adapter.find.bind(adapter)
    return Object.assign(adapter, {
      async find(id: string): Promise<AdapterPayload | undefined> {
        const known = id.startsWith('https://') && Provider.ctx?.oidc?.route === 'introspection'
        return known ? { client_id: id, ...undescribed } : ((await find(id)) ?? undefined)
      },
    })
  }
}
