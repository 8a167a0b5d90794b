import type { Configuration } from 'openid-client'
import { type ClientCredentials, isLoopback } from '../config/index.ts'
import { loadAuthorizationServer } from './authorization-server-metadata.ts'
import { ClientFailure, exitStatus } from './failure.ts'
import { loadProtectedResourceMetadata } from './protected-resource-metadata.ts'
import type { Fetch } from './secure-fetch.ts'

/** Who protects the resource, found by asking the resource itself. */
export interface Discovery {
  readonly resource: string
  readonly issuer: string
  /** The scopes that the resource knows; absent when it does not say. */
  readonly scopesSupported?: readonly string[]
  /** openid-client's view of the authorization server. */
  readonly configuration: Configuration
}

/** What discovery starts from. */
export interface DiscoveryOptions {
  /** The MCP server's URL. */
  readonly resource: string
  /** Selects among the authorization servers that the resource lists. Default: the first. */
  readonly issuer?: string
  readonly client: ClientCredentials
  readonly fetch: Fetch
}

/**
 * Finds the authorization server of a resource: RFC 9728, then RFC 8414.
 * @param metadataUrl `resource_metadata` of a challenge, when there was one
 * @throws ClientFailure when a document is missing, contradicts what was asked, or is not usable
 */
export async function discover(
  { resource, issuer, client, fetch }: DiscoveryOptions,
  metadataUrl?: string,
): Promise<Discovery> {
  const metadata = await loadProtectedResourceMetadata(resource, metadataUrl, fetch)
  const chosen = choose(metadata.authorizationServers, issuer, resource)
  const configuration = await loadAuthorizationServer(chosen, client, fetch)
  const { scopesSupported } = metadata
  return { resource, issuer: chosen, configuration, ...(scopesSupported && { scopesSupported }) }
}

function choose(listed: readonly string[], wanted: string | undefined, resource: string): string {
  const chosen = wanted === undefined ? listed[0] : listed.find((issuer) => issuer === wanted)
  if (chosen === undefined) {
    throw new ClientFailure(
      `ISSUER is ${wanted}, but ${resource} accepts tokens from ${listed.join(', ')}.`,
      {
        status: exitStatus.usage,
        hint: 'Unset ISSUER, or start the MCP server with the same ISSUER.',
      },
    )
  }
  const url = URL.parse(chosen)
  if (url && isLoopback(url.href) && !isLoopback(resource)) {
    throw new ClientFailure(`${resource} names an authorization server on this machine (${chosen}).`, {
      status: exitStatus.signIn,
      hint: 'Nothing was sent to it. Its operator must name one that can be reached from everywhere.',
    })
  }
  return chosen
}
