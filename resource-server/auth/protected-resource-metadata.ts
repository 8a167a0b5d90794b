/** OAuth 2.0 Protected Resource Metadata (RFC 9728 §2), as this server publishes it. */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly [string]
  readonly scopes_supported: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
  readonly resource_name: string
  readonly dpop_signing_alg_values_supported: readonly string[]
  readonly dpop_bound_access_tokens_required: boolean
}

/**
 * The metadata document. `resource` and the issuer are the very strings that were configured:
 * clients compare both exactly.
 */
export function createProtectedResourceMetadata(options: {
  readonly resource: string
  readonly issuer: string
  readonly scopes: readonly string[]
  readonly name: string
  readonly dpopAlgorithms: readonly string[]
  readonly dpopRequired: boolean
}): ProtectedResourceMetadata {
  return {
    resource: options.resource,
    authorization_servers: [options.issuer],
    scopes_supported: options.scopes,
    bearer_methods_supported: ['header'],
    resource_name: options.name,
    dpop_signing_alg_values_supported: options.dpopAlgorithms,
    dpop_bound_access_tokens_required: options.dpopRequired,
  }
}

/** Where the metadata of a resource lives: the well-known name before its path (RFC 9728 §3.1). */
export function metadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource)
  return `${origin}/.well-known/oauth-protected-resource${pathname}`
}
