import type { ServerMetadata } from 'openid-client'
import { loadAuthorizationServer } from './authorization-server-metadata.ts'
import { ClientFailure, exitStatus } from './failure.ts'
import type { IssuerRules } from './issuer-rules.ts'
import { loadProtectedResourceMetadata } from './protected-resource-metadata.ts'
import type { Fetch } from './secure-fetch.ts'

/** Who protects the resource, found by asking the resource itself. */
export interface Discovery {
  /** The MCP server's URL. */
  readonly resource: string
  /** What the `resource` parameter says (RFC 8707): the resource's own name for itself. */
  readonly resourceIndicator: string
  readonly issuer: string
  /** The authorization server's metadata. */
  readonly server: ServerMetadata
  /** The scopes that the resource knows; absent when it does not say. */
  readonly scopesSupported?: readonly string[]
  /** The resource takes tokens that are bound to a key and no others (RFC 9449). */
  readonly dpopRequired: boolean
  /** Where the authorization server cannot follow MCP's rules. */
  readonly rules: IssuerRules
}

/** What discovery starts from. */
export interface DiscoveryOptions {
  /** The MCP server's URL. */
  readonly resource: string
  /** Selects among the authorization servers that the resource lists. */
  readonly issuer?: string
  /** Without `issuer`: these come first when they are listed, in this order. Default: the resource's order. */
  readonly preferredIssuers?: readonly string[]
  /** What has to be known of an authorization server besides its metadata. Default: nothing. */
  readonly rulesOf?: (issuer: string) => IssuerRules
  readonly fetch: Fetch
}

/** How many authorization servers are asked for their metadata: no server has the client search the Internet for it. */
const maxCandidates = 8

/**
 * Finds the authorization server of a resource: RFC 9728, then RFC 8414. Of several, the first that answers
 * with usable metadata is taken. At most eight are asked.
 * @param metadataUrl `resource_metadata` of a challenge, when there was one
 * @throws ClientFailure when a document is missing, contradicts what was asked, or is not usable
 */
export async function discover(
  { resource, issuer, preferredIssuers = [], rulesOf = () => ({}), fetch }: DiscoveryOptions,
  metadataUrl?: string,
): Promise<Discovery> {
  const metadata = await loadProtectedResourceMetadata(resource, metadataUrl, fetch)
  const { scopesSupported, dpopRequired, authorizationServers: listed } = metadata
  const candidates =
    issuer === undefined
      ? [...new Set([...preferredIssuers.filter((known) => listed.includes(known)), ...listed])]
      : [requireListed(listed, issuer, resource)]
  const failures: unknown[] = []
  for (const candidate of candidates.slice(0, maxCandidates)) {
    try {
      // The user's own word may name any network.
      const namedBy = issuer === undefined ? metadata.url : undefined
      const server = await loadAuthorizationServer(candidate, fetch, namedBy)
      return {
        resource,
        resourceIndicator: metadata.resource,
        issuer: candidate,
        server,
        dpopRequired,
        rules: rulesOf(candidate),
        ...(scopesSupported && { scopesSupported }),
      }
    } catch (error) {
      if (!(error instanceof ClientFailure)) throw error
      failures.push(error)
    }
  }
  throw failures[0]
}

function requireListed(listed: readonly string[], wanted: string, resource: string): string {
  if (listed.includes(wanted)) return wanted
  throw new ClientFailure(`ISSUER is ${wanted}, but ${resource} accepts tokens from ${listed.join(', ')}.`, {
    status: exitStatus.usage,
    hint: 'Unset ISSUER, or start the MCP server with the same ISSUER.',
  })
}
