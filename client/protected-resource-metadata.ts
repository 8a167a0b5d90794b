import {
  allowInsecureRequests,
  customFetch,
  JSON_ATTRIBUTE_COMPARISON,
  processResourceDiscoveryResponse,
  type ResourceServer,
  resourceDiscoveryRequest,
} from 'oauth4webapi'
import { isLoopback } from '../config/index.ts'
import { ClientFailure, codeOf, exitStatus } from './failure.ts'
import { type Fetch, requireSecureUrl } from './secure-fetch.ts'

/** What the client needs of a protected resource's metadata (RFC 9728 §2). */
export interface ProtectedResourceMetadata {
  readonly resource: string
  /** At least one, in the server's order. */
  readonly authorizationServers: readonly string[]
  /** Absent when the server does not say. */
  readonly scopesSupported?: readonly string[]
}

/**
 * Fetches a protected resource's metadata: from where the challenge points, else from the well-known
 * path of the resource, else from that of its origin (RFC 9728 §3, §5.1).
 * @param resource the MCP server's URL; the metadata must be about exactly this string
 * @param metadataUrl `resource_metadata` of the challenge
 * @throws ClientFailure when there is none, or it is about something else
 */
export async function loadProtectedResourceMetadata(
  resource: string,
  metadataUrl: string | undefined,
  fetch: Fetch,
): Promise<ProtectedResourceMetadata> {
  const response =
    metadataUrl === undefined
      ? await fromWellKnown(resource, fetch)
      : await fromUrl(resource, metadataUrl, fetch)
  const metadata = await parse(resource, response)
  const authorizationServers = stringsOf(metadata.authorization_servers)
  if (authorizationServers.length === 0) throw unusable(resource, 'names no authorization server')
  return {
    resource,
    authorizationServers,
    ...(metadata.scopes_supported && { scopesSupported: stringsOf(metadata.scopes_supported) }),
  }
}

/** A remote server must not send the client to services of the user's own machine. */
async function fromUrl(resource: string, metadataUrl: string, fetch: Fetch): Promise<Response> {
  const url = requireSecureUrl(metadataUrl, 'protected resource metadata')
  if (isLoopback(url.href) && !isLoopback(resource)) throw unusable(resource, 'is said to be on this machine')
  return await fetch(url, { headers: { accept: 'application/json' }, redirect: 'manual' })
}

async function fromWellKnown(resource: string, fetch: Fetch): Promise<Response> {
  const ask = (identifier: URL) =>
    resourceDiscoveryRequest(identifier, {
      [customFetch]: fetch,
      // createSecureFetch is stricter than the library's all or nothing.
      [allowInsecureRequests]: true,
    })
  const pathForm = await ask(new URL(resource))
  if (pathForm.status === 200) return pathForm
  await pathForm.body?.cancel()
  return await ask(new URL('/', resource))
}

async function parse(resource: string, response: Response): Promise<ResourceServer> {
  try {
    const metadata = await processResourceDiscoveryResponse(new URL(resource), response)
    // The library compares normalised URLs; RFC 9728 §3.3 compares strings.
    if (metadata.resource !== resource) throw anotherResource(resource, response)
    return metadata
  } catch (cause) {
    if (cause instanceof ClientFailure) throw cause
    if (codeOf(cause) === JSON_ATTRIBUTE_COMPARISON) throw anotherResource(resource, response, cause)
    const found = response.status === 200 ? 'cannot be used' : `is missing (HTTP ${response.status})`
    throw unusable(resource, found, undefined, cause)
  }
}

function anotherResource(resource: string, response: Response, cause?: unknown): ClientFailure {
  const hint = `RESOURCE must be exactly the "resource" of ${response.url}`
  return unusable(resource, 'describes another resource', hint, cause)
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
