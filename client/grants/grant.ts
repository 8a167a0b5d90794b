import type { Configuration, DPoPHandle, ServerMetadata, TokenEndpointResponse } from 'openid-client'
import type { Discovery } from '../discovery.ts'
import type { Registration } from '../registration.ts'
import type { Fetch } from '../secure-fetch.ts'

/** A way to get tokens from an authorization server. */
export interface Grant {
  /** Whether a person has to act, so that it is not used behind their back. */
  readonly interactive: boolean
  /** `grant_types` to register (RFC 7591 §2). Absent: it is for clients that were registered by hand. */
  readonly grantTypes?: readonly string[]
  /**
   * @throws ClientFailure when the authorization server does not offer what the grant needs, and what
   *   openid-client throws
   */
  obtain(request: GrantRequest): Promise<TokenEndpointResponse>
}

/** What a grant is asked for. */
export interface GrantRequest {
  readonly discovery: Discovery
  /** None means what the authorization server gives by default. */
  readonly scopes: readonly string[]
  /** The redirect URI that this client is registered with there, when it is registered with one. */
  readonly redirectUri?: string | undefined
  /**
   * How the client is known there: `dynamic` without `redirectUri` means that it registers the one in use now.
   * Default: by hand.
   */
  readonly origin?: Registration['origin'] | undefined
  /** The redirect URIs in the client's metadata document. Absent: it has none. */
  readonly listedRedirectUris?: (() => Promise<readonly string[]>) | undefined
  /** For requests to anybody else. */
  readonly fetch: Fetch
  /** The client at the authorization server, registered there now if it has to be. */
  connect(redirectUri?: string): Promise<Connection>
}

/** A client at an authorization server. */
export interface Connection {
  readonly configuration: Configuration
  /** Binds the tokens to a key when they are to be bound; goes into every token request. */
  readonly options: { readonly DPoP?: DPoPHandle }
}

/** `scope` when there is something to ask for. */
export function scopeParameter(scopes: readonly string[]): { scope?: string } {
  return scopes.length > 0 ? { scope: scopes.join(' ') } : {}
}

/** `offline_access`, which stands for a refresh token, is asked for where it is offered and nowhere else. */
export function withOfflineAccess(
  scopes: readonly string[],
  { scopes_supported: offered }: ServerMetadata,
): readonly string[] {
  const others = scopes.filter((scope) => scope !== offlineAccess)
  return offered?.includes(offlineAccess) ? [...others, offlineAccess] : others
}

export const offlineAccess = 'offline_access'
