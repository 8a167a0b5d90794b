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
  proof: { by: 'documentation', date: '2026-11-27' },
  clientNeeds: { CLIENT_ID: 'Applications > your native application > General > Client ID' },
  deviations: [
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
