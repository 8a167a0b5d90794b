import type { IdpProfile } from './profile.ts'

/** Auth0, with an API whose identifier is the MCP server's URL. */
export const auth0: IdpProfile = {
  name: 'auth0',
  title: 'Auth0',
  issuer: /^https:\/\/[^/]+\.auth0\.com\/$/,
  mistaken: [
    {
      pattern: /^https:\/\/[^/]+\.auth0\.com$/,
      problem: 'must end with a slash: that is how Auth0 writes its issuer',
    },
  ],
  proof: { by: 'stand-in', date: '2026-11-27' },
  tokenValidation: 'jwt',
  redirectPort: 8765,
  clientNeeds: { CLIENT_ID: 'Applications > your native application > Settings > Client ID' },
  authorizationParameters: { audience: '{resource}' },
  accessTokens: 'jwt',
  listsScopes: false,
  remedies: {
    issuer:
      'Auth0 dashboard > Applications > yours > Settings > Domain: ISSUER is https://DOMAIN/ with the slash, or your custom domain',
    audience: 'Auth0 dashboard > Applications > APIs > Create API > Identifier: {resource}',
    scopes: 'Auth0 dashboard > Applications > APIs > the MCP server > Permissions: {scope}',
    client:
      'Auth0 dashboard > Applications > Create Application > Native: Allowed Callback URLs {redirectUri}; its Client ID is CLIENT_ID',
    refresh: 'Auth0 dashboard > Applications > APIs > the MCP server > Settings > Allow Offline Access',
  },
  deviations: [
    {
      what: 'redirects go to http://127.0.0.1:8765/callback, unless REDIRECT_PORT says otherwise',
      why: 'Auth0 compares callback URLs with those that are allowed, and takes no other port',
      source: 'https://auth0.com/docs/get-started/applications/application-settings (2026-11)',
    },
    {
      what: 'the API is asked for by `audience`',
      why: 'Auth0 reads `resource` only with its Compatibility Profile; without an audience the token is opaque and nobody can validate it',
      source: 'https://auth0.com/docs/secure/tokens/access-tokens/get-access-tokens (2026-11)',
    },
    {
      what: '`permissions` of a token is not looked at, unless SCOPE_CLAIM says so',
      why: 'it has all that the person may do, whatever was asked for and consented to; `scope` has what is both',
      source: 'https://auth0.com/docs/get-started/apis/enable-role-based-access-control-for-apis (2026-11)',
    },
  ],
}
