import { processResourceDiscoveryResponse, type ResourceServer } from 'oauth4webapi'
import { ClientFailure, exitStatus } from './failure.ts'
import { requireNameable } from './named-host.ts'
import { type Fetch, requireSecureUrl, withPurpose } from './secure-fetch.ts'

/** What the client needs of a protected resource's metadata (RFC 9728 §2). */
export interface ProtectedResourceMetadata {
  /** The resource's own name for itself, which the `resource` parameter repeats (RFC 8707 §2). */
  readonly resource: string
  /** At least one, in the server's order. */
  readonly authorizationServers: readonly string[]
  /** Absent when the server does not say. */
  readonly scopesSupported?: readonly string[]
  /** Tokens must be bound to a key (RFC 9449). */
  readonly dpopRequired: boolean
  /** Where the metadata is: who names the authorization servers. */
  readonly url: string
}

/**
 * Fetches a protected resource's metadata: from where the challenge points, else from the well-known
 * path of the resource, else from that of its origin (RFC 9728 §3, §5.1).
 * @param resource the MCP server's URL; the metadata must be about exactly this string, or, at the
 *   well-known path of its origin, about the origin (RFC 9728 §3.3)
 * @param metadataUrl `resource_metadata` of the challenge
 * @throws ClientFailure when there is none, or it is about something else
 */
export async function loadProtectedResourceMetadata(
  resource: string,
  metadataUrl: string | undefined,
  fetch: Fetch,
): Promise<ProtectedResourceMetadata> {
  const labelled = withPurpose(fetch, 'resource-metadata', resource)
  const found =
    metadataUrl === undefined
      ? await fromWellKnown(resource, labelled)
      : await fromUrl(resource, metadataUrl, labelled)
  const metadata = await parse(resource, found)
  const authorizationServers = stringsOf(metadata.authorization_servers)
  if (authorizationServers.length === 0) throw unusable(resource, 'names no authorization server')
  return {
    resource: metadata.resource,
    authorizationServers,
    ...(metadata.scopes_supported && { scopesSupported: stringsOf(metadata.scopes_supported) }),
    dpopRequired: metadata.dpop_bound_access_tokens_required === true,
    url: found.url.href,
  }
}

interface Found {
  readonly url: URL
  readonly response: Response
}

const rootPath = '/.well-known/oauth-protected-resource'

async function fromUrl(resource: string, metadataUrl: string, fetch: Fetch): Promise<Found> {
  const url = requireSecureUrl(metadataUrl, 'protected resource metadata')
  requireNameable(url, resource)
  const response = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'manual' })
  return { url, response }
}

async function fromWellKnown(resource: string, fetch: Fetch): Promise<Found> {
  const { pathname, origin } = new URL(resource)
  const url = new URL(`${rootPath}${pathname.replace(/\/$/, '')}`, origin)
  const found = await fromUrl(resource, url.href, fetch)
  if (found.response.status === 200 || url.pathname === rootPath) return found
  await found.response.body?.cancel()
  return await fromUrl(resource, new URL(rootPath, origin).href, fetch)
}

/** What the metadata at `url` may be about, so that it holds for the resource. */
function identifiersAt(url: URL, resource: string): readonly string[] {
  const { origin } = new URL(resource)
  const isRoot = url.origin === origin && url.pathname === rootPath
  return isRoot ? [resource, origin, `${origin}/`] : [resource]
}

async function parse(resource: string, { url, response }: Found): Promise<ResourceServer> {
  try {
    const named = response.status === 200 ? (await response.clone().json())?.resource : undefined
    // The library compares normalised URLs; RFC 9728 §3.3 compares strings.
    const identifier = identifiersAt(url, resource).find((candidate) => candidate === named)
    if (identifier === undefined && typeof named === 'string') throw anotherResource(resource, url)
    return await processResourceDiscoveryResponse(new URL(identifier ?? resource), response)
  } catch (cause) {
    if (cause instanceof ClientFailure) throw cause
    const found = response.status === 200 ? 'cannot be used' : `is missing (HTTP ${response.status})`
    throw unusable(resource, found, undefined, cause)
  }
}

function anotherResource(resource: string, url: URL): ClientFailure {
  const hint = `RESOURCE must be exactly the "resource" of ${url.href}`
  return unusable(resource, 'describes another resource', hint)
}

function stringsOf(values: unknown): readonly string[] {
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : []
}

function unusable(resource: string, problem: string, hint?: string, cause?: unknown): ClientFailure {
  return new ClientFailure(`The protected resource metadata (RFC 9728) of ${resource} ${problem}.`, {
    status: exitStatus.signIn,
    hint: hint ?? 'Check that RESOURCE is the URL of an MCP server that uses OAuth.',
    cause,
  })
}
