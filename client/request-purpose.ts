import type { ServerMetadata } from 'openid-client'

/**
 * Why the client sends a request. Every request carries its purpose, so that whoever watches the traffic
 * knows what it sees without guessing from URLs. A `token` request says more in its `grant_type`.
 */
export type RequestPurpose =
  /** A message to the MCP server. */
  | 'mcp'
  /** RFC 9728, at the MCP server or where its challenge points. */
  | 'resource-metadata'
  /** RFC 8414 or OpenID Connect Discovery. */
  | 'server-metadata'
  /** The client's own metadata document (draft-ietf-oauth-client-id-metadata-document). */
  | 'client-metadata'
  /** RFC 7591. */
  | 'registration'
  /** RFC 9126. */
  | 'pushed-authorization'
  /** RFC 8628 §3.1. */
  | 'device-authorization'
  /** RFC 6749 §3.2. */
  | 'token'
  /** RFC 7009. */
  | 'revocation'
  /** The authorization server's keys. */
  | 'jwks'

const endpoints = {
  registration_endpoint: 'registration',
  pushed_authorization_request_endpoint: 'pushed-authorization',
  device_authorization_endpoint: 'device-authorization',
  token_endpoint: 'token',
  revocation_endpoint: 'revocation',
  jwks_uri: 'jwks',
} as const

/** What a request to an authorization server is for: the endpoint tells. */
export function purposeAt(server: ServerMetadata, url: string): RequestPurpose {
  const { href } = new URL(url)
  for (const [name, purpose] of Object.entries(endpoints)) {
    const endpoint = server[name]
    if (typeof endpoint === 'string' && URL.parse(endpoint)?.href === href) return purpose
  }
  return 'server-metadata'
}
