import type { IdpProfile } from './profile.ts'

/** Google. It knows no scopes of other people's servers: SCOPE_MAP gives read, write and admin to people. */
export const google: IdpProfile = {
  name: 'google',
  title: 'Google',
  issuer: /^https:\/\/accounts\.google\.com$/,
  mistaken: [
    {
      pattern: /^https:\/\/accounts\.google\.com\/$/,
      problem: 'must not end with a slash: Google writes its issuer without',
    },
  ],
  proof: { by: 'stand-in', date: '2026-11-27' },
  tokenValidation: 'tokeninfo',
  serverNeeds: {
    ACCEPTED_AUDIENCES:
      'Google Cloud console > Google Auth Platform > Clients > your desktop client > Client ID',
    SCOPE_MAP:
      'who may do what, by e-mail address or @domain: alice@example.com=read write, @example.com=read',
  },
  clientNeeds: {
    CLIENT_ID: 'Google Cloud console > Google Auth Platform > Clients > your desktop client > Client ID',
    CLIENT_SECRET: 'the same page: Google wants it of installed applications, too',
  },
  accessTokens: 'opaque',
  remedies: {
    audience:
      'Google Cloud console > Google Auth Platform > Clients > your desktop client > Client ID: ACCEPTED_AUDIENCES must be the same',
    client:
      'Google Cloud console > Google Auth Platform > Clients > Create client > Desktop app: CLIENT_ID and CLIENT_SECRET',
  },
  scopeClaim: 'email',
  scopeTemplate: 'openid email',
  omitResource: true,
  authorizationParameters: { access_type: 'offline', prompt: 'consent' },
  deviations: [
    {
      what: 'tokens are validated by tokeninfo',
      why: 'access tokens are opaque and there is no introspection endpoint',
      source: 'https://developers.google.com/identity/protocols/oauth2 (2026-11)',
    },
    {
      what: 'the audience of a token is the client, not the MCP server',
      why: 'Google has no resource indicators: whoever has a token of this client may call. Use a client of its own for each MCP server',
      source: 'https://developers.google.com/identity/openid-connect/openid-connect (2026-11)',
    },
    {
      what: 'read, write and admin come from the e-mail address, by SCOPE_MAP',
      why: 'Google issues its own scopes only',
      source: 'https://developers.google.com/identity/protocols/oauth2/scopes (2026-11)',
    },
    {
      what: 'a refresh token is asked for by access_type=offline and prompt=consent',
      why: 'Google does not know the scope offline_access',
      source: 'https://developers.google.com/identity/protocols/oauth2/web-server#offline (2026-11)',
    },
  ],
}
