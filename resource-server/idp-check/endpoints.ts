import { isLoopback } from '../../config/index.ts'
import { isEndpointOf } from '../../runtime/issuer-endpoints.ts'
import type { IssuerMetadata } from '../auth/issuer-documents.ts'
import { type Described, type Finding, missing, note, ok, warning } from './finding.ts'

/** What the authorization code flow needs: two endpoints, over https, that speak it. */
export function checkEndpoints({ config: { issuer }, metadata }: Described): Finding {
  const needed = ['authorization_endpoint', 'token_endpoint'] as const
  const absent = needed.filter((name) => metadata[name] === undefined)
  if (absent.length > 0) {
    const change = 'ISSUER must name an authorization server that people can sign in at'
    return missing('endpoints', `the metadata names no ${absent.join(' and no ')}`, change)
  }
  const insecure = endpointsOf(metadata).find(([, url]) => !isSafe(url, issuer))
  if (insecure) {
    const [name, url] = insecure
    const change = 'set the public https address at the identity provider: clients refuse this one'
    return missing('endpoints', `${name} is ${url}`, change)
  }
  const types = metadata.response_types_supported
  if (types && !types.includes('code')) {
    const change = 'allow the authorization code flow at the identity provider'
    return missing('endpoints', `response types are ${types.join(', ')}, without code`, change)
  }
  const optional = ['introspection', 'revocation', 'device_authorization', 'registration']
  const others = optional.filter((name) => metadata[`${name}_endpoint`] !== undefined)
  return ok(
    'endpoints',
    ['authorization', 'token', ...others].map((name) => name.replace('_', ' ')).join(', '),
  )
}

function endpointsOf(metadata: IssuerMetadata): readonly (readonly [string, string])[] {
  return Object.entries(metadata).filter(
    (entry): entry is [string, string] => entry[0].endsWith('_endpoint') && typeof entry[1] === 'string',
  )
}

/** As the client sees it: https, or http on this machine when the issuer is here, too. */
function isSafe(url: string, issuer: string): boolean {
  const parsed = URL.parse(url)
  if (!parsed) return false
  if (isLoopback(url)) return isLoopback(issuer)
  return parsed.protocol === 'https:'
}

/** Proof Key for Code Exchange (RFC 7636), which MCP requires. */
export function checkPkce({ config: { idp }, metadata }: Described): Finding {
  const methods = metadata.code_challenge_methods_supported
  if (methods?.includes('S256')) return ok('PKCE', 'S256')
  if (methods === undefined && idp.allowInsecureUnadvertisedPkce) {
    return ok('PKCE', `S256, which ${idp.profile.title} does without listing it`)
  }
  return methods === undefined
    ? missing(
        'PKCE',
        'the metadata does not list S256, and the client refuses to sign in',
        'if the identity provider’s documentation says that it checks S256: ALLOW_INSECURE_UNADVERTISED_PKCE=yes',
      )
    : missing(
        'PKCE',
        `only ${methods.join(', ') || 'none'}, and MCP requires S256`,
        'allow S256 at the identity provider',
      )
}

/** The issuer in the authorization response (RFC 9207), which tells two authorization servers apart. */
export function checkResponseIssuer({ config: { issuer, idp }, env, metadata }: Described): Finding {
  if (metadata.authorization_response_iss_parameter_supported === true) {
    return ok('iss', 'named in the authorization response')
  }
  const { authorization_endpoint: endpoint, token_endpoint: token } = metadata
  const origin = typeof endpoint === 'string' ? URL.parse(endpoint)?.origin : undefined
  const isOwn =
    typeof endpoint !== 'string' || isEndpointOf(issuer, endpoint, typeof token === 'string' ? token : '')
  if (isOwn || origin === undefined || idp.authorizationOrigins.includes(origin)) {
    return note('iss', 'not promised (RFC 9207): the client checks it where it comes')
  }
  const found = `not promised (RFC 9207), and the authorization endpoint is elsewhere (${endpoint})`
  const change = `have the issuer send \`iss\`; if both belong together: AUTHORIZATION_ORIGINS=${issuer}=${origin} for the client`
  // A client that registers itself has a redirect URI for this issuer alone, and may do without.
  return env.CLIENT_ID ? missing('iss', found, change) : warning('iss', found, change)
}
