import type { IdpProfile } from './profile.ts'

/** Glewlwyd 2.7, with its OpenID Connect plugin set up as docs/identity-providers/glewlwyd.md does. */
export const glewlwyd: IdpProfile = {
  name: 'glewlwyd',
  title: 'Glewlwyd',
  proof: { by: 'live', date: '2026-11-27' },
  redirectPort: 8765,
  accessTokens: 'jwt',
  refreshesUnlisted: true,
  bareRefusals: true,
  remedies: {
    issuer: 'Glewlwyd > Parameters > Plugins > OpenID Connect > Issuer: ISSUER is what stands there',
    audience:
      'Glewlwyd > Parameters > Plugins > OpenID Connect > Resource Indicators: allowed, and {resource} listed for the scopes read, write and admin',
    credentials:
      'Glewlwyd > Clients > {client}: confidential, with the secret that RESOURCE_CLIENT_SECRET has; and Plugins > OpenID Connect > Introspection and revocation: allowed, for clients too',
    scopes: 'Glewlwyd > Scopes: {scope}; and Plugins > OpenID Connect > Supported scopes',
    client:
      'Glewlwyd > Clients: not confidential, redirect URI {redirectUri}, authorization types code and refresh_token; its client id is CLIENT_ID',
    refresh: 'Glewlwyd > Clients > yours > authorization types: refresh_token',
  },
  deviations: [
    {
      what: 'redirects go to port 8765, and no other',
      why: 'redirect URIs are compared whole, so a free port would be refused (RFC 8252 §7.3 has it allowed)',
      source:
        'https://github.com/babelouest/glewlwyd/blob/v2.7.5/docs/OIDC.md, "Native Apps Guidelines"; tried 2026-11',
    },
    {
      what: 'a 400 without an error code ends a refresh token: the user is asked again',
      why: 'it answers so where RFC 6749 §5.2 has `invalid_grant`',
      source: 'https://www.rfc-editor.org/rfc/rfc6749#section-5.2; tried with 2.7.5, 2026-11',
    },
  ],
}
