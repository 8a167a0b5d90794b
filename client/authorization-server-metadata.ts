import { JSON_ATTRIBUTE_COMPARISON, processDiscoveryResponse, RESPONSE_IS_NOT_JSON } from 'oauth4webapi'
import type { ServerMetadata } from 'openid-client'
import { issuerMismatch } from '../config/index.ts'
import { withoutFalseLists } from '../runtime/false-lists.ts'
import { wellKnownUrls } from '../runtime/well-known-urls.ts'
import { ClientFailure, causeOf, codeOf, exitStatus } from './failure.ts'
import { requireNameable } from './named-host.ts'
import { type Fetch, requireSecureUrl, withPurpose } from './secure-fetch.ts'

/**
 * Fetches an authorization server's metadata, in the order that MCP prescribes: RFC 8414, then
 * OpenID Connect Discovery with the path inserted, then appended.
 * @param issuer compared with the document's byte for byte (RFC 8414 §3.3)
 * @param namedBy the URL of what named the issuer. Default: the user
 * @throws ClientFailure when there is no metadata, it is another issuer's, or an endpoint in it is one
 *   that no secret may travel to, or that its server may not name
 */
export async function loadAuthorizationServer(
  issuer: string,
  fetch: Fetch,
  namedBy?: string,
): Promise<ServerMetadata> {
  const url = requireSecureUrl(issuer, 'authorization server')
  if (namedBy !== undefined) requireNameable(url, namedBy)
  for (const location of wellKnownUrls(issuer)) {
    const server = await loadFrom(location, issuer, withPurpose(fetch, 'server-metadata', namedBy))
    if (server) return await requireSafeEndpoints(server, issuer, fetch)
  }
  throw new ClientFailure(`The authorization server ${issuer} publishes no metadata (RFC 8414).`, {
    status: exitStatus.signIn,
    hint: 'Where the MCP server is started, ISSUER must be the issuer as that server itself writes it. What is there: npm run idp:check',
  })
}

/** Undefined when there is no such document there. A page for people is none. */
async function loadFrom(url: URL, issuer: string, fetch: Fetch): Promise<ServerMetadata | undefined> {
  const response = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'manual' })
  if (response.status !== 200) {
    await response.body?.cancel()
    if (response.status >= 500) throw failing(issuer, response.status)
    return undefined
  }
  let named: unknown
  try {
    const server = await processDiscoveryResponse(new URL(issuer), response)
    if (server.issuer === issuer) return withoutFalseLists(server)
    named = server.issuer
  } catch (cause) {
    if (codeOf(cause) === RESPONSE_IS_NOT_JSON) return undefined
    if (codeOf(cause) !== JSON_ATTRIBUTE_COMPARISON) throw unreadable(issuer, cause)
    named = Object(Object(causeOf(cause)).body).issuer
  }
  throw anotherIssuer(issuer, String(named))
}

/** The document proves nothing: whoever operates the MCP server decides. */
function anotherIssuer(issuer: string, named: string): ClientFailure {
  const what = 'publishes the metadata of another issuer (RFC 8414 §3.3)'
  return new ClientFailure(`The authorization server ${issuer} ${what}: ${named}.`, {
    status: exitStatus.signIn,
    hint: `Where the MCP server is started, ${issuerMismatch(issuer, named)}.`,
  })
}

/**
 * A server must not send the client, or the browser, to services of a network that is less public than its own. What
 * is requested is judged again when it is: here are those that need no resolver, and what the browser opens.
 */
async function requireSafeEndpoints(
  server: ServerMetadata,
  issuer: string,
  fetch: Fetch,
): Promise<ServerMetadata> {
  for (const [name, value] of Object.entries(server)) {
    if (!name.endsWith('_endpoint') || typeof value !== 'string') continue
    const url = requireSecureUrl(value, name.replaceAll('_', ' '))
    requireNameable(url, issuer)
    if (name === 'authorization_endpoint') await fetch.judge?.(url, issuer)
  }
  if (typeof server.token_endpoint !== 'string') throw refusal(issuer, 'has no token endpoint')
  return server
}

/** Says what is wrong with an authorization server. */
export function refusal(issuer: string, problem: string): ClientFailure {
  return new ClientFailure(`The authorization server ${issuer} ${problem}.`, { status: exitStatus.signIn })
}

function failing(issuer: string, status: number): ClientFailure {
  return new ClientFailure(`The authorization server ${issuer} answers HTTP ${status}.`, {
    status: exitStatus.unreachable,
    hint: 'Try again later.',
  })
}

function unreadable(issuer: string, cause: unknown): ClientFailure {
  const status = exitStatus.signIn
  return new ClientFailure(`The metadata of the authorization server ${issuer} cannot be read.`, {
    status,
    cause,
  })
}
