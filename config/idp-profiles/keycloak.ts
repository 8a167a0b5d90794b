import type { IdpProfile } from './profile.ts'

/** Keycloak 26, with a realm such as keycloak/realm.json. */
export const keycloak: IdpProfile = {
  name: 'keycloak',
  title: 'Keycloak',
  issuer: /^https?:\/\/[^/]+(\/[^?#]*)?\/realms\/[^/?#]+$/,
  mistaken: [
    { pattern: /\/realms\/[^/?#]+\/$/, problem: 'must not end with a slash: a realm is …/realms/NAME' },
  ],
  proof: { by: 'live', date: '2026-11-27' },
  accessTokens: 'jwt',
  listsScopes: true,
  introspectsAsResource: true,
  remedies: {
    issuer:
      'Keycloak console > Realm settings > General > Endpoints > OpenID Endpoint Configuration: ISSUER must be its "issuer"',
    audience:
      'Keycloak console > Client scopes > read, write, admin > Mappers > Add mapper > By configuration > Audience: Included Client Audience {resource}, which is the clientId of the MCP server',
    credentials:
      'Keycloak console > Clients > {client} > Credentials > Client Secret: RESOURCE_CLIENT_SECRET must be the same, and RESOURCE_CLIENT_ID the Client ID',
    scopes:
      'Keycloak console > Client scopes > Create client scope: {scope}, Include in token scope on; then Clients > the one people sign in with > Client scopes > Add client scope > Optional',
    client:
      'Keycloak console > Clients > Create client: Client authentication off, Standard flow on, Valid redirect URIs {redirectUri}; its Client ID is CLIENT_ID',
    refresh:
      'Keycloak console > Clients > the one people sign in with > Client scopes > Add client scope > offline_access > Optional',
  },
  deviations: [
    {
      what: 'the MCP server introspects as the client whose identifier is RESOURCE',
      why: 'Keycloak answers `active: false` to a caller that is not in the audience of the token',
      source: 'CVE-2026-37979, Keycloak 26.6.2 release notes',
    },
    {
      what: 'scopes that the user has no role for are left out of the token without an error',
      why: 'client scopes are tied to roles; the client stops stepping up when a new token brings nothing new',
      source: 'https://www.keycloak.org/docs/latest/server_admin/#_client_scopes_linking',
    },
  ],
}
