import { randomUUID } from 'node:crypto'
import { type IdpStandIn, startIdp } from './start-idp.ts'
import { scopesIn, type Vendor } from './vendor.ts'

/** What is set up at the stand-in for Auth0, as its page in docs/ has people do it. */
export interface Auth0Options {
  /** The identifier of the API. */
  readonly api: string
  /** The port of the callback URL that is allowed, which is `http://127.0.0.1:PORT/callback`. */
  readonly redirectPort: number
  /** "Add Permissions in the Access Token". Default true. */
  readonly addsPermissions?: boolean
  /** "Resource Parameter Compatibility Profile". Default false, as in a new tenant. */
  readonly compatibilityProfile?: boolean
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** The native application that people sign in with. */
export const auth0Client = 'auth0NativeApplication'

const oidc = ['openid', 'profile', 'email', 'offline_access']

/** Starts a stand-in for Auth0: a tenant with one API, which has RBAC enabled and allows offline access. */
export async function startAuth0(options: Auth0Options): Promise<IdpStandIn> {
  const { api, redirectPort, addsPermissions = true, compatibilityProfile = false, now } = options

  // "When disabled, [it] will … only use the audience parameter"; with it, "If both … are available, the audience
  // will still be used". https://auth0.com/ai/docs/mcp/guides/resource-param-compatibility-profile (2026-11)
  const audienceOf = (request: URLSearchParams) =>
    request.get('audience') ?? (compatibilityProfile ? request.get('resource') : null)

  return await startIdp(({ origin, sign }): Vendor => {
    // The tenant's domain, and a slash: https://auth0.com/docs/secure/tokens/access-tokens/validate-access-tokens (2026-11)
    const issuer = `${origin}/`
    const userinfo = `${issuer}userinfo`
    return {
      issuer,
      // https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery (2026-11)
      documents: ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'],
      paths: {
        authorize: '/authorize',
        token: '/oauth/token',
        keys: '/.well-known/jwks.json',
        revoke: '/oauth/revoke',
      },
      metadata: {
        code_challenge_methods_supported: ['S256', 'plain'],
        token_endpoint_auth_methods_supported: [
          'client_secret_basic',
          'client_secret_post',
          'private_key_jwt',
        ],
        // An API's own permissions are not listed.
        scopes_supported: oidc,
        userinfo_endpoint: userinfo,
      },
      client: { id: auth0Client },
      // The URLs that are listed; a star stands for subdomains only:
      // https://auth0.com/docs/get-started/applications/application-settings (2026-11)
      redirectFits: ({ href }) => href === `http://127.0.0.1:${redirectPort}/callback`,
      failures: {
        redirect: {
          error: 'Callback URL mismatch',
          description: 'The provided redirect_uri is not in the list of allowed callback URLs.',
        },
        secret: { error: 'access_denied', description: 'Unauthorized', status: 401 },
      },
      refuse(request) {
        const audience = audienceOf(request)
        if (audience === null || audience === api) return undefined
        return { error: 'access_denied', description: `Service not found: ${audience}` }
      },
      grant(request, { permissions }) {
        const asked = scopesIn(request)
        const forApi = audienceOf(request) !== null
        // "the scope claim of the access token includes an intersection of the requested permissions and the
        // permissions assigned to the user":
        // https://auth0.com/docs/get-started/apis/enable-role-based-access-control-for-apis (2026-11)
        const scopes = asked.filter(
          (scope) => oidc.includes(scope) || (forApi && permissions.includes(scope)),
        )
        // "aud" is an array with /userinfo when openid was asked for:
        // https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles (2026-11)
        const audience = [
          ...(forApi ? [api] : []),
          ...(!forApi || asked.includes('openid') ? [userinfo] : []),
        ]
        return { scopes, audience, offline: scopes.includes('offline_access') }
      },
      // Without an audience the token is opaque:
      // https://auth0.com/docs/secure/tokens/access-tokens/get-access-tokens (2026-11)
      mint: async ({ grant: { person, scopes, audience }, iat, exp }) =>
        audience[0] !== api
          ? `opaque-${randomUUID()}`
          : await sign({
              iss: issuer,
              sub: `auth0|${person.username}`,
              aud: audience.length === 1 ? api : [...audience],
              iat,
              exp,
              scope: scopes.join(' '),
              azp: auth0Client,
              // All that are assigned, whatever was asked for; the page is the one on RBAC.
              ...(addsPermissions && { permissions: [...person.permissions] }),
            }),
      // https://auth0.com/docs/secure/tokens/refresh-tokens/refresh-token-rotation (2026-11)
      refreshRotates: true,
      // "This endpoint only revokes refresh tokens. Access tokens cannot be revoked":
      // https://auth0.com/docs/api/authentication/token-management/revoke-refresh-token (2026-11)
      revokes: 'refresh tokens',
    }
  }, now)
}
