import type { Client } from '@modelcontextprotocol/client'
import type { ClientCredentials } from '../config/index.ts'
import { type Authorization, createAuthorization } from './auth-provider.ts'
import { signInWithCode } from './authorization-code.ts'
import { type Discovery, discover } from './discovery.ts'
import { connect } from './mcp-session.ts'
import { createSecureFetch, type Fetch } from './secure-fetch.ts'
import { type SignOut, signOut } from './sign-out.ts'
import type { TokenStore } from './token-store.ts'

/** One identity at one MCP server. */
export interface OAuthClient {
  readonly authorization: Authorization
  /** Finds out who protects the MCP server. */
  discover(metadataUrl?: string): Promise<Discovery>
  /** Opens an MCP session, which signs in when it has to. Whoever opens it closes it. */
  connect(): Promise<Client>
  /** Revokes the tokens at hand and forgets them. */
  signOut(): Promise<SignOut>
}

/** What one identity at one MCP server consists of. */
export interface OAuthClientOptions {
  /** The MCP server's URL. */
  readonly resource: string
  /** Selects among the authorization servers that the MCP server lists. Default: the first. */
  readonly issuer?: string
  readonly client: ClientCredentials
  readonly store: TokenStore
  /** Brings the user to the authorization URL; must not wait for the user. */
  readonly visit: (url: URL) => Promise<void>
  /** Unix seconds. Default: the system's clock. */
  readonly now?: () => number
  /** Ends whatever is under way. */
  readonly signal?: AbortSignal
  /** Default: https, and http to this machine. */
  readonly fetch?: Fetch
}

/** Puts discovery, the code flow, the token store and the MCP session together. */
export function createOAuthClient({
  resource,
  issuer,
  client,
  store,
  visit,
  now = () => Math.floor(Date.now() / 1000),
  signal,
  fetch = createSecureFetch(resource, { ...(signal && { signal }) }),
}: OAuthClientOptions): OAuthClient {
  const selection = issuer === undefined ? {} : { issuer }
  const find = (metadataUrl?: string) => discover({ resource, client, fetch, ...selection }, metadataUrl)
  const authorization = createAuthorization({
    resource,
    clientId: client.id,
    ...selection,
    store,
    discover: find,
    authorize: (discovery, scopes) =>
      signInWithCode(discovery, scopes, { visit, now, ...(signal && { signal }) }),
    now,
  })
  return {
    authorization,
    discover: find,
    connect: () => connect(resource, authorization, fetch),
    signOut: async () => await signOut(await authorization.tokens(), { client, store, fetch }),
  }
}
