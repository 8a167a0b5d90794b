import type { IdpProfile } from './profile.ts'

/** Okta, a custom authorization server whose Audience setting is the MCP server's URL. */
export const okta: IdpProfile = {
  name: 'okta',
  title: 'Okta',
  issuer: /^https:\/\/[^/]+\.(okta|oktapreview|okta-emea)\.com\/oauth2\/[^/]+$/,
  mistaken: [
    {
      pattern: /^https:\/\/[^/]+\.(okta|oktapreview|okta-emea)\.com(\/|\/oauth2\/?)?$/,
      problem:
        'must be a custom authorization server, such as …/oauth2/default: tokens of the org server are for Okta itself',
    },
  ],
  proof: { by: 'stand-in', date: '2026-11-27' },
  redirectPort: 8765,
  clientNeeds: { CLIENT_ID: 'Applications > your native application > General > Client ID' },
  accessTokens: 'jwt',
  remedies: {
    issuer:
      'Okta admin console > Security > API > Authorization Servers: ISSUER must be the Issuer URI, with Issuer set to the Okta URL or the custom one that you use',
    audience:
      'Okta admin console > Security > API > Authorization Servers > yours > Settings > Audience: {resource}',
    credentials:
      'Okta admin console > Applications > the one of the MCP server (an API Services app) > General > Client Credentials: RESOURCE_CLIENT_ID and RESOURCE_CLIENT_SECRET must be the same',
    scopes:
      'Okta admin console > Security > API > Authorization Servers > yours > Scopes > Add Scope: {scope}; and a rule under Access Policies that grants them',
    client:
      'Okta admin console > Applications > Create App Integration > OIDC, Native Application: Sign-in redirect URIs {redirectUri}; its Client ID is CLIENT_ID',
    refresh:
      'Okta admin console > Applications > your native application > General > Grant type > Refresh Token; and offline_access in the rule under Access Policies',
  },
  deviations: [
    {
      what: 'redirects go to http://127.0.0.1:8765/callback, unless REDIRECT_PORT says otherwise',
      why: 'Okta compares the whole redirect URI with those that are registered, and the port with it',
      source: 'https://support.okta.com/help/s/article/openid-connect-oidc-redirect-uri (2026-11)',
    },
    {
      what: 'a sign-in that asks for one scope too many is refused as a whole',
      why: 'all scopes must fit one rule of the access policy: ask for one scope that everybody may have, and take read, write and admin from groups',
      source:
        'https://support.okta.com/help/s/article/tokens-not-issued-with-lifetime-configured-in-access-rule-for-custom-authorization-server (2026-11)',
    },
    {
      what: 'the audience comes from the authorization server, not from the `resource` parameter',
      why: 'Okta takes `aud` from the Audience setting of the custom authorization server: set it to RESOURCE',
      source: 'https://developer.okta.com/docs/guides/customize-authz-server/main/ (2026-11)',
    },
    {
      what: 'scopes are read from `scp`',
      why: 'Okta writes them as an array under that name',
      source: 'https://developer.okta.com/docs/reference/api/oidc/#access-token-payload (2026-11)',
    },
  ],
}
