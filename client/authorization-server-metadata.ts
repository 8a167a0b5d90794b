import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  customFetch,
  discovery,
  None,
  type ServerMetadata,
} from 'openid-client'
import { type ClientCredentials, isLoopback } from '../config/index.ts'
import { ClientFailure, codeOf, exitStatus } from './failure.ts'
import { type Fetch, requireSecureUrl } from './secure-fetch.ts'

/**
 * Fetches an authorization server's metadata, in the order that MCP prescribes: RFC 8414, then
 * OpenID Connect Discovery with the path inserted, then appended.
 * @param issuer compared with the document's byte for byte (RFC 8414 §3.3)
 * @returns openid-client's configuration for `client` at that server
 * @throws ClientFailure when there is no metadata, it is another issuer's, or it lacks what the flow needs
 */
export async function loadAuthorizationServer(
  issuer: string,
  client: ClientCredentials,
  fetch: Fetch,
): Promise<Configuration> {
  requireSecureUrl(issuer, 'authorization server')
  for (const url of wellKnownUrls(issuer)) {
    const configuration = await discoverAt(url, client, fetch)
    if (configuration) return requireUsable(configuration, issuer)
  }
  throw new ClientFailure(`The authorization server ${issuer} publishes no metadata (RFC 8414).`, {
    status: exitStatus.signIn,
    hint: 'Check that the MCP server names the right authorization server.',
  })
}

function wellKnownUrls(issuer: string): readonly URL[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `/.well-known/oauth-authorization-server${path}`,
    ...(path === '' ? [] : [`/.well-known/openid-configuration${path}`]),
    `${path}/.well-known/openid-configuration`,
  ].map((url) => new URL(url, origin))
}

/** Undefined when there is no such document there. */
async function discoverAt(
  url: URL,
  client: ClientCredentials,
  fetch: Fetch,
): Promise<Configuration | undefined> {
  try {
    return await discovery(url, client.id, undefined, authenticate(client.secret), {
      [customFetch]: fetch,
      // createSecureFetch is stricter than the library's all or nothing.
      execute: [allowInsecureRequests],
    })
  } catch (error) {
    if (codeOf(error) === 'OAUTH_RESPONSE_IS_NOT_CONFORM') return undefined
    throw error
  }
}

/** RFC 8414 §2: without a list of methods, `client_secret_basic` it is. */
function authenticate(secret: string | undefined): ClientAuth {
  if (secret === undefined) return None()
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const method = methods.includes('client_secret_basic') ? ClientSecretBasic : ClientSecretPost
    method(secret)(server, client, body, headers)
  }
}

/** What the code flow cannot do without, and no endpoint to which a secret must not travel. */
function requireUsable(configuration: Configuration, issuer: string): Configuration {
  const server = configuration.serverMetadata()
  const refuse = (problem: string) =>
    new ClientFailure(`The authorization server ${issuer} ${problem}.`, { status: exitStatus.signIn })
  if (server.issuer !== issuer) throw refuse('publishes the metadata of another issuer (RFC 8414 §3.3)')
  if (!server.code_challenge_methods_supported?.includes('S256')) {
    throw refuse('does not offer PKCE with S256 (RFC 7636), which MCP requires')
  }
  for (const endpoint of ['authorization_endpoint', 'token_endpoint', 'revocation_endpoint'] as const) {
    requireEndpoint(server, endpoint, issuer)
  }
  if (!server.authorization_endpoint || !server.token_endpoint)
    throw refuse('lacks the endpoints of the code flow')
  return configuration
}

/** A remote server must not send the client, or the browser, to services of the user's own machine. */
function requireEndpoint(server: ServerMetadata, name: `${string}_endpoint`, issuer: string): void {
  const url = server[name]
  if (typeof url !== 'string') return
  requireSecureUrl(url, name.replace('_', ' '))
  if (isLoopback(url) && !isLoopback(issuer)) {
    throw new ClientFailure(`The ${name} of ${issuer} is on this machine.`, { status: exitStatus.signIn })
  }
}
