import type { Client, PriorDiscovery } from '@modelcontextprotocol/client'
import { type Authorization, createAuthorization } from './auth-provider.ts'
import { createAuthorizer } from './authorizer.ts'
import { createClientRegistrar, type PreregisteredClient } from './client-registration.ts'
import { type Discovery, discover } from './discovery.ts'
import type { Grant } from './grants/grant.ts'
import type { IssuerRules } from './issuer-rules.ts'
import { connect, createSessionFetch } from './mcp-session.ts'
import { createSecureFetch, type Fetch } from './secure-fetch.ts'
import { type SignOut, signOut } from './sign-out.ts'
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
  /** How to get tokens. */
  readonly grant: Grant
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
  /** Unix seconds. Default: the system's clock. */
  readonly now?: () => number
  /** Ends whatever is under way. */
  readonly signal?: AbortSignal
  /** All requests go through it. Default: https, and http to this machine. */
  readonly fetch?: Fetch
}

/** Puts discovery, registration, the grant, the token store and the MCP session together. */
export function createOAuthClient({
  resource,
  issuer,
  profile = defaultProfile,
  grant,
  client,
  clientMetadataUrl,
  clientName = 'Gatehouse MCP client',
  store,
  dpop = 'when-required',
  rulesOf,
  now = () => Math.floor(Date.now() / 1000),
  signal,
  fetch = createSecureFetch(resource, { ...(signal && { signal }) }),
}: OAuthClientOptions): OAuthClient {
  const selection = issuer === undefined ? {} : { issuer }
  const registrar = createClientRegistrar({
    ...(client && { client }),
    ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
    clientName,
    store,
    fetch,
    now,
  })
  const find = async (metadataUrl?: string) => {
    const held = await authorization.tokens()
    return await discover(
      {
        resource,
        fetch,
        preferredIssuers: [held?.issuer, client?.issuer].filter((known) => known !== undefined),
        ...selection,
        ...(rulesOf && { rulesOf }),
      },
      metadataUrl,
    )
  }
  const authorization: Authorization = createAuthorization({
    resource,
    profile,
    ...selection,
    store,
    discover: find,
    authorizer: createAuthorizer({ profile, grant, registrar, dpop, fetch, now }),
    now,
  })
  const sessionFetch = createSessionFetch(fetch, authorization)
  return {
    authorization,
    fetch: sessionFetch,
    discover: find,
    connect: async (mcpClient, prior) =>
      await connect(resource, authorization, sessionFetch, mcpClient, prior),
    signOut: async () => await signOut(await authorization.tokens(), { registrar, store, fetch }),
  }
}
