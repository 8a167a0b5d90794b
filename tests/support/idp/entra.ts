import { randomUUID } from 'node:crypto'
import { type IdpStandIn, startIdp } from './start-idp.ts'
import { type Failure, type Person, scopesIn, type Vendor } from './vendor.ts'

/** What is set up at the stand-in for Microsoft Entra ID, as its page in docs/ has people do it. */
export interface EntraOptions {
  /** Whether the tenant lets people consent by themselves. Default true. */
  readonly userConsent?: boolean
  /**
   * `requestedAccessTokenVersion` of the API's manifest, which stands for 1 unless somebody sets it. Default 2.
   * https://learn.microsoft.com/entra/identity-platform/access-tokens#token-formats (2026-11)
   */
  readonly tokenVersion?: 1 | 2
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** Identifiers in the tenant: the directory's, the API's and the public client's registration. */
export const entraIds = {
  tenant: '8f1c0e0a-1111-4222-8333-444444444444',
  api: '5b6c7d8e-1111-4222-8333-555555555555',
  client: '9a8b7c6d-1111-4222-8333-666666666666',
} as const

/** The API's Application ID URI, as the portal proposes it. */
export const entraAppIdUri = `api://${entraIds.api}`

const graph = '00000003-0000-0000-c000-000000000000'
const oidc = ['openid', 'profile', 'email', 'offline_access']
const delegated = ['access', 'read', 'write', 'admin']

/**
 * Starts a stand-in for Microsoft Entra ID: a tenant with an API that exposes the scope `access`, which an
 * administrator has consented to for everybody, and has the app roles `read`, `write` and `admin`. It exposes scopes of
 * these names, too, which an administrator has consented to for each person who has the role.
 */
export async function startEntra({
  userConsent = true,
  tokenVersion = 2,
  now,
}: EntraOptions = {}): Promise<IdpStandIn> {
  const { tenant, api, client } = entraIds
  return await startIdp(({ origin, sign }): Vendor => {
    const issuer = `${origin}/${tenant}/v2.0`
    return {
      issuer,
      // The well-known name after the path, and no RFC 8414 document:
      // https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc (2026-11)
      documents: [`/${tenant}/v2.0/.well-known/openid-configuration`],
      // Neither revocation nor introspection, by the same page.
      paths: {
        authorize: `/${tenant}/oauth2/v2.0/authorize`,
        token: `/${tenant}/oauth2/v2.0/token`,
        keys: `/${tenant}/discovery/v2.0/keys`,
      },
      // No code_challenge_methods_supported, although S256 works:
      // https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow (2026-11)
      metadata: {
        token_endpoint_auth_methods_supported: [
          'client_secret_post',
          'private_key_jwt',
          'client_secret_basic',
        ],
        scopes_supported: oidc,
      },
      client: { id: client },
      // Ports of localhost are ignored, those of 127.0.0.1 only when it is in the manifest, [::1] is not supported:
      // https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions (2026-11)
      redirectFits: ({ protocol, hostname, pathname }) =>
        protocol === 'http:' && hostname === 'localhost' && pathname === '/callback',
      failures: {
        redirect: {
          error: 'invalid_request',
          description: `AADSTS50011: The redirect URI specified in the request does not match the redirect URIs configured for the application '${client}'.`,
        },
        secret: {
          error: 'invalid_client',
          description:
            "AADSTS700025: Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
          status: 401,
        },
      },
      refuse: (request) =>
        refuseResource(request) ?? refuseScopes(scopesIn(request)) ?? refuseConsent(request, userConsent),
      refuseToken: refuseResource,
      grant(request, person) {
        const asked = scopesIn(request)
        const unconsented = asked.filter((scope) => !oidc.includes(scope) && !hasConsent(person, bare(scope)))
        if (unconsented.length > 0) return needsApproval
        return {
          // The answer names them with the App ID URI, and offline_access not at all: the page on the code flow.
          scopes: asked.filter((scope) => !oidc.includes(scope)),
          audience: [api],
          offline: asked.includes('offline_access'),
        }
      },
      // https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference (2026-11): `typ` JWT, `aud`
      // the client ID of the API, `scp` the bare names, `roles` the app roles of the person, `sub` pairwise.
      mint: ({ grant: { person, scopes }, iat, exp }) =>
        sign({
          // Version 1.0 names the App ID URI and another issuer: the page on claims.
          aud: tokenVersion === 1 ? entraAppIdUri : api,
          iss: tokenVersion === 1 ? `https://sts.windows.net/${tenant}/` : issuer,
          iat,
          nbf: iat,
          exp,
          azp: client,
          azpacr: '0',
          name: person.username,
          oid: `oid-of-${person.username}`,
          preferred_username: person.email,
          roles: [...person.permissions],
          scp: scopes.map(bare).join(' '),
          sub: `pairwise-${person.username}`,
          tid: tenant,
          uti: randomUUID(),
          ver: `${tokenVersion}.0`,
        }),
      // "Refresh tokens … replace themselves with a fresh token upon every use"; the old one is not revoked, and this
      // stand-in is stricter: https://learn.microsoft.com/entra/identity-platform/refresh-tokens (2026-11)
      refreshRotates: true,
      revokes: 'refresh tokens',
    }
  }, now)
}

function bare(scope: string): string {
  return scope.slice(scope.lastIndexOf('/') + 1)
}

/*
 * "The resource parameter provided in the request doesn't match with the requested scopes." It must equal the App ID
 * URI, at both endpoints: https://learn.microsoft.com/entra/identity-platform/reference-error-codes, and as met in
 * https://github.com/microsoft/vscode/issues/321249 (2026-11)
 */
function refuseResource(request: URLSearchParams): Failure | undefined {
  const resource = request.get('resource')
  if (resource === null || resource === entraAppIdUri) return undefined
  return {
    error: 'invalid_target',
    description:
      "AADSTS9010010: The resource parameter provided in the request doesn't match with the requested scopes.",
  }
}

/** A bare name is looked for in Microsoft Graph: https://learn.microsoft.com/entra/identity-platform/scopes-oidc (2026-11). */
function refuseScopes(scopes: readonly string[]): Failure | undefined {
  const known = [...oidc, ...delegated.map((scope) => `${entraAppIdUri}/${scope}`)]
  const unknown = scopes.find((scope) => !known.includes(scope))
  if (unknown === undefined) return undefined
  const resource = unknown.startsWith(`${entraAppIdUri}/`) ? entraIds.api : graph
  return {
    error: 'invalid_client',
    description: `AADSTS650053: The application asked for scope '${bare(unknown)}' that doesn't exist on the resource '${resource}'.`,
    onPage: true,
  }
}

/** A page, "Need admin approval"; the person follows its link "Return to the application without granting consent". */
const needsApproval: Failure = {
  error: 'access_denied',
  description:
    'AADSTS90094: An administrator has set a policy that prevents you from granting the permissions it is requesting.',
}

/**
 * `prompt=consent` asks the person even when an administrator has consented for everybody, and where people cannot
 * consent that ends at "Need admin approval": https://learn.microsoft.com/answers/questions/5847660 (2026-11)
 */
function refuseConsent(request: URLSearchParams, userConsent: boolean): Failure | undefined {
  return request.get('prompt') === 'consent' && !userConsent ? needsApproval : undefined
}

function hasConsent({ permissions }: Person, scope: string): boolean {
  return scope === 'access' || permissions.includes(scope)
}
