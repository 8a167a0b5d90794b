import { isEndpointOf, segmentsOf } from '../runtime/issuer-endpoints.ts'
import { wellKnownUrls } from '../runtime/well-known-urls.ts'
import type { Discovery } from './discovery.ts'
import { ClientFailure, exitStatus } from './failure.ts'
import { type Fetch, withPurpose } from './secure-fetch.ts'

/** How the client is known at an authorization server, as far as mix-up goes. */
export interface OwnEndpointOptions {
  /** Whether the redirect URI of the request is registered for this issuer alone. */
  readonly hasOwnRedirectUri: boolean
  readonly fetch: Fetch
}

/** No authorization endpoint has a deeper path. */
const deepestPath = 8

/**
 * Refuses metadata that borrows another authorization server's authorization endpoint, so that its code would be
 * sent to this one's token endpoint (mix-up, RFC 9700 §4.4). A server that promises `iss` needs no such rule: a
 * borrowed endpoint would answer with another `iss`, or none (RFC 9207 §2.4).
 * @throws ClientFailure when the authorization endpoint may be another server's
 */
export async function requireOwnAuthorizationEndpoint(
  { issuer, server, rules }: Pick<Discovery, 'issuer' | 'server' | 'rules'>,
  { hasOwnRedirectUri, fetch }: OwnEndpointOptions,
): Promise<void> {
  if (server.authorization_response_iss_parameter_supported === true) return
  const { authorization_endpoint: endpoint = '', token_endpoint: tokenEndpoint = '' } = server
  const isKnown = (url: string) =>
    isEndpointOf(issuer, url, tokenEndpoint) ||
    rules.authorizationOrigins?.includes(new URL(url).origin) === true
  // Another server would take this issuer's redirect URI for its own client's, and borrowed pages may hide behind own
  // ones that lead there.
  const { registration_endpoint: registration } = server
  if (hasOwnRedirectUri && typeof registration === 'string' && !isKnown(registration)) {
    throw borrowed(issuer, registration, 'registers clients at')
  }
  if (isKnown(endpoint)) return
  if (!hasOwnRedirectUri || !(await isVouchedFor(endpoint, issuer, fetch))) {
    throw borrowed(issuer, endpoint, 'sends the browser to')
  }
}

/**
 * The device flow has no redirect, and no `iss`: a device code goes back to the origin that it came from, or the
 * issuer's own pages lead to it.
 * @throws ClientFailure when one server could get the device codes of another
 */
export function requireOwnDeviceEndpoint({ issuer, server }: Pick<Discovery, 'issuer' | 'server'>): void {
  const { device_authorization_endpoint: endpoint = '', token_endpoint: tokenEndpoint = '' } = server
  const origins = [issuer, tokenEndpoint].map((url) => URL.parse(url)?.origin)
  if (origins.includes(new URL(endpoint).origin)) return
  throw new ClientFailure(
    `The device authorization endpoint of ${issuer} is at another server (${new URL(endpoint).origin}) than its token endpoint.`,
    {
      status: exitStatus.signIn,
      hint: 'Nothing was sent to it: it could get the codes of that server (mix-up, RFC 9700 §4.4).',
    },
  )
}

/**
 * Whether tokens may be told to a revocation endpoint: to one at the issuer's origin if they came from there, else to
 * one where they came from. Metadata that borrows another server's token endpoint must not collect its tokens.
 * @param tokenEndpoint where the tokens came from; undefined when that was not kept
 */
export function mayRevokeAt(endpoint: string, issuer: string, tokenEndpoint: string | undefined): boolean {
  const [at, from] = [URL.parse(endpoint)?.origin, URL.parse(tokenEndpoint ?? issuer)?.origin]
  return from === URL.parse(issuer)?.origin || at === from
}

/**
 * Asks the authorization endpoint's own host whose it is, at every place where its metadata may be.
 * @returns whether it publishes none, or the metadata of this issuer alone
 */
async function isVouchedFor(endpoint: string, issuer: string, fetch: Fetch): Promise<boolean> {
  const { origin, pathname } = new URL(endpoint)
  const path = segmentsOf(new URL(endpoint))
  if (path.length > deepestPath || pathname.includes('%')) return false
  const issuers = path.map((_, length) => [origin, ...path.slice(0, length)].join('/'))
  const urls = [...new Set([...issuers, origin].flatMap(wellKnownUrls).map(({ href }) => href))]
  // The host is the issuer's word, and judged as such.
  const labelled = withPurpose(fetch, 'server-metadata', issuer)
  const found = await Promise.all(urls.map(async (url) => await issuerAt(url, labelled)))
  return found.every((named) => named === undefined || named === issuer)
}

/** @returns undefined where there is no metadata; empty where that cannot be told: an outage or a limit is not absence */
async function issuerAt(url: string, fetch: Fetch): Promise<string | undefined> {
  const response = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'manual' })
  if (response.status !== 200) {
    await response.body?.cancel()
    return response.status >= 500 || response.status === 429 ? '' : undefined
  }
  const document: unknown = await response.json().catch(() => undefined)
  const { issuer } = Object(document) as Record<string, unknown>
  return typeof issuer === 'string' ? issuer : undefined
}

/** An endpoint that may be another server's, whose codes would go to this one. */
export class BorrowedEndpoint extends ClientFailure {}

function borrowed(issuer: string, endpoint: string, what: string): ClientFailure {
  const { origin } = new URL(endpoint)
  return new BorrowedEndpoint(
    `The authorization server ${issuer} ${what} ${new URL(issuer).origin === origin ? 'another part of its server' : 'another server'} (${endpoint}), and does not promise to name itself in the answer (RFC 9207).`,
    {
      status: exitStatus.signIn,
      hint: `Nothing was sent: it could get the codes of that server (mix-up, RFC 9700 §4.4). Its operator should send \`iss\`. If both are known to belong together: AUTHORIZATION_ORIGINS=${issuer}=${origin}, or register a client there and set CLIENT_ID and ISSUER.`,
    },
  )
}
