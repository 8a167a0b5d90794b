import type { Client, PriorDiscovery } from '@modelcontextprotocol/client'
import { type Authorization, createAuthorization } from './auth-provider.ts'
import type { Authority } from './authority.ts'
import type { SignInStart } from './authorizer.ts'
import type { PreregisteredClient } from './client-registration.ts'
import type { Discovery } from './discovery.ts'
import type { Grant } from './grants/grant.ts'
import type { IssuerRules } from './issuer-rules.ts'
import { connect, createSessionFetch } from './mcp-session.ts'
import { createSecureFetch, type Fetch, withBounds } from './secure-fetch.ts'
import type { SignOut } from './sign-out.ts'
import type { TokenStore } from './token-store.ts'
import { defaultProfile } from './tokens.ts'

/** One identity at one MCP server. */
export interface OAuthClient {
  /** For the MCP SDK's transport: its `authProvider`. */
  readonly authorization: Authorization
  /** For the MCP SDK's transport: its `fetch`. */
  readonly fetch: Fetch
  /** Finds out who protects the MCP server. */
  discover(metadataUrl?: string): Promise<Discovery>
  /**
   * Opens an MCP session, which signs in when it has to. Whoever opens it closes it.
   * @param client one that has abilities of its own, not yet connected. Default: one without any
   * @param prior what is known of the server from before: it is not asked again
   */
  connect(client?: Client, prior?: PriorDiscovery): Promise<Client>
  /** Revokes the tokens at hand and forgets them. */
  signOut(): Promise<SignOut>
}

/** What one identity at one MCP server consists of. */
export interface OAuthClientOptions {
  /** The MCP server's URL. */
  readonly resource: string
  /** Selects among the authorization servers that the MCP server lists. Default: the first that will do. */
  readonly issuer?: string
  /** The user's name for one of several identities at that server. Default: `default`. */
  readonly profile?: string
  /** How to get tokens, or what brings that when it is needed first. */
  readonly grant: Grant | (() => Promise<Grant>)
  /** A registration made by hand: it comes before the other ways. */
  readonly client?: PreregisteredClient
  /** The https URL of the client's own metadata document: it comes before dynamic registration. */
  readonly clientMetadataUrl?: string
  /** What people read on consent pages, when the client registers dynamically. */
  readonly clientName?: string
  readonly store: TokenStore
  /** When to bind tokens to a key (RFC 9449). Default: when the MCP server demands it. */
  readonly dpop?: 'when-required' | 'always'
  /** Where an authorization server cannot follow MCP's rules. Default: nowhere. */
  readonly rulesOf?: (issuer: string) => IssuerRules
  /** Told what was found, before the user is asked for anything. */
  readonly onSignIn?: (start: SignInStart) => Promise<void>
  /** Unix seconds. Default: the system's clock. */
  readonly now?: () => number
  /** Ends whatever is under way. */
  readonly signal?: AbortSignal
  /** All requests go through it. Default: what `createSecureFetch(resource)` makes. */
  readonly fetch?: Fetch
  /**
   * The longest message that the MCP server may send, in bytes after decompression. A stream that answers one request
   * may have four times as much in all. Default 16 MiB.
   */
  readonly maxResponseBytes?: number
}

/** Puts the token store, the MCP session and all that speaks to authorization servers together. */
export function createOAuthClient(options: OAuthClientOptions): OAuthClient {
  const { resource, issuer, store, signal, maxResponseBytes } = options
  const { profile = defaultProfile, now = () => Math.floor(Date.now() / 1000) } = options
  const fetch = options.fetch
    ? withBounds(options.fetch, maxResponseBytes)
    : createSecureFetch(resource, {
        ...(signal && { signal }),
        ...(maxResponseBytes !== undefined && { maxResponseBytes }),
      })
  let loaded: Promise<Authority> | undefined
  // Loaded by those who speak to an authorization server: whoever has a good token starts sooner.
  const authority = () => {
    loaded ??= import('./authority.ts').then(
      async ({ createAuthority }) =>
        await createAuthority({ ...options, profile, now, fetch, tokens: authorization.tokens }),
    )
    // A failure is no answer for good: whoever asks next tries again.
    loaded.catch(() => {
      loaded = undefined
    })
    return loaded
  }
  const find = async (metadataUrl?: string) => await (await authority()).discover(metadataUrl)
  const authorization: Authorization = createAuthorization({
    resource,
    profile,
    ...(issuer !== undefined && { issuer }),
    store,
    discover: find,
    authorizer: async () => (await authority()).authorizer,
    now,
  })
  const sessionFetch = createSessionFetch(fetch, authorization)
  return {
    authorization,
    fetch: sessionFetch,
    discover: find,
    connect: async (mcpClient, prior) =>
      await connect(resource, authorization, sessionFetch, mcpClient, prior),
    signOut: async () => await (await authority()).signOut(),
  }
}
