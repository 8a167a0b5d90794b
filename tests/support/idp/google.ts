import { type IdpStandIn, startIdp } from './start-idp.ts'
import { scopesIn, type Vendor } from './vendor.ts'

/** A running stand-in for Google. */
export interface GoogleStandIn extends IdpStandIn {
  /** Where tokens are asked about; INTROSPECTION_ENDPOINT must say so, since Google's own is known by heart. */
  readonly tokenInfoEndpoint: string
}

/** The desktop client that people sign in with. */
export const googleClient = {
  id: '407408718192.apps.googleusercontent.com',
  secret: 'GOCSPX-of-the-stand-in',
} as const

const userinfo = 'https://www.googleapis.com/auth/userinfo'

/** What is asked for → what the token carries: https://developers.google.com/identity/protocols/oauth2/scopes (2026-11) */
const grantedAs: Readonly<Record<string, string>> = {
  openid: 'openid',
  email: `${userinfo}.email`,
  profile: `${userinfo}.profile`,
  [`${userinfo}.email`]: `${userinfo}.email`,
  [`${userinfo}.profile`]: `${userinfo}.profile`,
}

/**
 * Starts a stand-in for Google, with one client of the type "Desktop app".
 * @param options.now Unix milliseconds
 */
export async function startGoogle({ now }: { readonly now?: () => number } = {}): Promise<GoogleStandIn> {
  const standIn = await startIdp(({ origin, find }): Vendor => {
    return {
      issuer: origin,
      // https://accounts.google.com/.well-known/openid-configuration; the RFC 8414 document is served as well (2026-11)
      documents: ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'],
      paths: {
        authorize: '/o/oauth2/v2/auth',
        token: '/token',
        keys: '/oauth2/v3/certs',
        revoke: '/revoke',
      },
      // The same document: no introspection, no offline_access.
      metadata: {
        scopes_supported: ['openid', 'email', 'profile'],
        token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
        code_challenge_methods_supported: ['plain', 'S256'],
      },
      client: googleClient,
      // A desktop client registers no redirect URI; loopback addresses with any port are its own:
      // https://developers.google.com/identity/protocols/oauth2/native-app#request-parameter-redirect_uri (2026-11)
      redirectFits: ({ protocol, hostname }) =>
        protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname),
      failures: {
        redirect: {
          error: 'redirect_uri_mismatch',
          description: "Access blocked: This app's request is invalid.",
        },
        // The table on that page has the secret, and exempts Android, iOS and Chrome applications only; what it says is
        // in https://github.com/googleapis/google-api-dotnet-client/issues/1827 (2026-11)
        secret: { error: 'invalid_request', description: 'client_secret is missing.' },
      },
      // Scopes are Google's own; the error is a page: https://developers.google.com/identity/protocols/oauth2/scopes (2026-11)
      refuse(request) {
        const invalid = scopesIn(request).filter((scope) => !(scope in grantedAs))
        if (invalid.length === 0) return undefined
        const description = `Some requested scopes were invalid. {invalid=[${invalid.join(', ')}]}`
        return { error: 'invalid_scope', description, onPage: true }
      },
      grant: (request) => ({
        scopes: [...new Set(scopesIn(request).flatMap((scope) => grantedAs[scope] ?? []))],
        audience: [googleClient.id],
        // A refresh token comes with access_type=offline, and again only with prompt=consent:
        // https://developers.google.com/identity/protocols/oauth2/web-server#offline (2026-11)
        offline: request.get('access_type') === 'offline' && request.get('prompt') === 'consent',
      }),
      // It comes without being announced: https://github.com/openiddict/openiddict-core/issues/2428 (2026-11)
      namesIssuer: true,
      // The answer to a refresh has no new refresh token:
      // https://developers.google.com/identity/protocols/oauth2/native-app#offline (2026-11)
      refreshRotates: false,
      // "The token can be an access token or a refresh token. If the token is an access token and it has a
      // corresponding refresh token, the refresh token will also be revoked."
      // https://developers.google.com/identity/protocols/oauth2/native-app#tokenrevoke (2026-11)
      revokes: 'all',
      more: {
        // Numbers and booleans are strings, a bad token is a 400. The fields are those of
        // https://cloud.google.com/nodejs/docs/reference/google-auth-library/latest/google-auth-library/tokeninfo (2026-11)
        '/tokeninfo'({ fields }) {
          const issued = find(fields.get('access_token'))
          if (!issued) return { status: 400, body: { error_description: 'Invalid Value' } }
          const { grant, exp } = issued
          const mayReadEmail = grant.scopes.some((scope) => scope.endsWith('userinfo.email'))
          return {
            body: {
              azp: googleClient.id,
              aud: googleClient.id,
              sub: subjectOf(grant.person.username),
              scope: grant.scopes.join(' '),
              exp: String(exp),
              access_type: grant.offline ? 'offline' : 'online',
              ...(mayReadEmail && { email: grant.person.email, email_verified: 'true' }),
            },
          }
        },
      },
    }
  }, now)
  return { ...standIn, tokenInfoEndpoint: `${standIn.origin}/tokeninfo` }
}

/** Digits, as Google's are. */
function subjectOf(username: string): string {
  return BigInt(`0x${Buffer.from(username).toString('hex')}`).toString()
}
