import { randomUUID } from 'node:crypto'
import { credentialsOf } from './credentials.ts'
import { type IdpStandIn, startIdp } from './start-idp.ts'
import { type Failure, type Issued, type Person, scopesIn, type Vendor } from './vendor.ts'

/** What is set up at the stand-in for Okta, as its page in docs/ has people do it. */
export interface OktaOptions {
  /** The authorization server's Audience setting. */
  readonly audience: string
  /** The port of the redirect URI that was registered, which is `http://127.0.0.1:PORT/callback`. */
  readonly redirectPort: number
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** The native application that people sign in with, and the service application that may introspect. */
export const oktaClients = {
  native: '0oa1nativeclient',
  service: { id: '0oa2serviceclient', secret: 'okta service secret: with 100% more signs' },
} as const

/** Groups, as `groups` has them in tokens that were asked for with the scope `mcp`. */
const groupOf = { read: 'mcp-readers', write: 'mcp-writers', admin: 'mcp-admins' } as const

/*
 * The access policy's rules, in order of priority. All scopes that are requested must be among a rule's, or the rule
 * does not match: "If the client requests tokens with scopes beyond those covered by a given Access Rule, that Access
 * Rule will not match".
 * https://support.okta.com/help/s/article/tokens-not-issued-with-lifetime-configured-in-access-rule-for-custom-authorization-server (2026-11)
 */
const oidc = ['openid', 'profile', 'email', 'offline_access']
const rules = [
  { group: 'admin', scopes: [...oidc, 'read', 'write', 'admin'] },
  { group: 'write', scopes: [...oidc, 'read', 'write'] },
  { group: 'read', scopes: [...oidc, 'read', 'mcp'] },
]

/**
 * Starts a stand-in for Okta: the custom authorization server `default` of an organization, with the scopes `read`,
 * `write` and `admin` tied to groups by its access policy, and the scope `mcp` for everybody, which brings `groups`.
 */
export async function startOkta({ audience, redirectPort, now }: OktaOptions): Promise<IdpStandIn> {
  return await startIdp(({ origin, sign, find }): Vendor => {
    const issuer = `${origin}/oauth2/default`
    return {
      issuer,
      // Both documents, each with the well-known name after the issuer's path:
      // https://support.okta.com/help/s/article/difference-between-well-known-openid-configuration-and-oauth-authorization-server (2026-11)
      documents: [
        '/oauth2/default/.well-known/openid-configuration',
        '/oauth2/default/.well-known/oauth-authorization-server',
      ],
      paths: {
        authorize: '/oauth2/default/v1/authorize',
        token: '/oauth2/default/v1/token',
        keys: '/oauth2/default/v1/keys',
        revoke: '/oauth2/default/v1/revoke',
      },
      metadata: {
        introspection_endpoint: `${issuer}/v1/introspect`,
        introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        code_challenge_methods_supported: ['S256'],
        grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
        // Custom scopes are listed when "Include in public metadata" is ticked:
        // https://developer.okta.com/docs/guides/customize-authz-server/main/#create-scopes (2026-11)
        scopes_supported: [...oidc, 'read', 'write', 'admin', 'mcp'],
      },
      client: { id: oktaClients.native },
      // "must exactly match"; "Port Number Mismatch" is among the common mistakes:
      // https://support.okta.com/help/s/article/openid-connect-oidc-redirect-uri (2026-11)
      redirectFits: ({ href }) => href === `http://127.0.0.1:${redirectPort}/callback`,
      failures: {
        redirect: {
          error: '400 Bad Request',
          description: "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings",
        },
        secret: {
          error: 'invalid_client',
          description: "The client secret supplied for a confidential client or the client's id is invalid.",
          status: 401,
        },
      },
      // `resource` is not a parameter of the reference, and is not looked at:
      // https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/tag/CustomAS/ (2026-11)
      grant(request, person) {
        const scopes = scopesIn(request)
        const failure = evaluatePolicy(scopes, person)
        if (failure) return failure
        return { scopes, audience: [audience], offline: scopes.includes('offline_access') }
      },
      // https://developer.okta.com/docs/reference/api/oidc/#access-token-payload (2026-11): `scp` is an array, `cid`
      // the client, `uid` the user, `sub` their login. The header has no `typ`.
      mint: ({ grant: { person, scopes }, iat, exp }) =>
        sign(
          {
            ver: 1,
            jti: `AT.${randomUUID()}`,
            iss: issuer,
            aud: audience,
            iat,
            exp,
            cid: oktaClients.native,
            uid: `00u-${person.username}`,
            scp: [...scopes],
            sub: person.email,
            ...(scopes.includes('mcp') && { groups: groupsOf(person) }),
          },
          { typ: undefined },
        ),
      // A refresh token of a native application is rotated by default:
      // https://developer.okta.com/docs/guides/refresh-tokens/main/#refresh-token-rotation (2026-11)
      refreshRotates: true,
      // "revoking a refresh token does revoke the associated access token":
      // https://developer.okta.com/docs/guides/revoke-tokens/main/ (2026-11)
      revokes: 'all',
      more: {
        '/oauth2/default/v1/introspect'(request) {
          const { id, secret } = credentialsOf(request)
          if (id !== oktaClients.service.id || secret !== oktaClients.service.secret) {
            return { status: 401, body: { error: 'invalid_client' } }
          }
          const issued = find(request.fields.get('token'))
          return { body: issued ? describe(issued) : { active: false } }
        },
      },
    }

    // The claims of the token, and more: https://developer.okta.com/docs/reference/api/oidc/#introspect (2026-11). That
    // `groups` is among them is this stand-in's reading of it.
    function describe({ grant: { person, scopes }, iat, exp }: Issued) {
      return {
        active: true,
        token_type: 'Bearer',
        scope: scopes.join(' '),
        client_id: oktaClients.native,
        username: person.email,
        sub: person.email,
        uid: `00u-${person.username}`,
        iss: issuer,
        aud: audience,
        iat,
        exp,
        ...(scopes.includes('mcp') && { groups: groupsOf(person) }),
      }
    }
  }, now)
}

function evaluatePolicy(scopes: readonly string[], { permissions }: Person): Failure | undefined {
  const known = new Set(rules.flatMap((rule) => rule.scopes))
  if (!scopes.every((scope) => known.has(scope))) {
    return {
      error: 'invalid_scope',
      description: 'One or more scopes are not configured for the authorization server resource.',
    }
  }
  const matches = rules.some(
    (rule) => permissions.includes(rule.group) && scopes.every((scope) => rule.scopes.includes(scope)),
  )
  if (matches) return undefined
  return {
    error: 'access_denied',
    description: 'Policy evaluation failed for this request, please check the policy configurations.',
  }
}

function groupsOf({ permissions }: Person): string[] {
  return Object.entries(groupOf).flatMap(([permission, group]) =>
    permissions.includes(permission) ? [group] : [],
  )
}
