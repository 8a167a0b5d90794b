import type { IdpProfile } from './profile.ts'

/** Microsoft Entra ID, one tenant, v2.0 tokens. */
export const entra: IdpProfile = {
  name: 'entra',
  title: 'Microsoft Entra ID',
  issuer: /^https:\/\/login\.(partner\.)?microsoftonline\.(com|us|cn)\/[^/]+\/v2\.0$/,
  mistaken: [
    {
      pattern:
        /^https:\/\/login\.(partner\.)?microsoftonline\.(com|us|cn)\/(common|organizations|consumers)\//,
      problem:
        'must name a tenant: common, organizations and consumers publish a template instead of an issuer',
    },
    {
      pattern:
        /^https:\/\/(login\.(partner\.)?microsoftonline\.(com|us|cn)|sts\.windows\.net)\/(?!.*\/v2\.0$)/,
      problem:
        'must be https://login.microsoftonline.com/TENANT-ID/v2.0, or the same at login.microsoftonline.us (US government) or login.partner.microsoftonline.cn (China)',
    },
  ],
  proof: { by: 'stand-in', date: '2026-11-27' },
  tokenValidation: 'jwt',
  serverNeeds: {
    ACCEPTED_AUDIENCES: 'App registrations > your API > Overview > Application (client) ID',
    SCOPE_TEMPLATE:
      'App registrations > your API > Expose an API > the scope that people ask for, such as api://CLIENT-ID/access',
  },
  clientNeeds: { CLIENT_ID: 'App registrations > your public client > Overview > Application (client) ID' },
  scopeClaim: 'roles',
  accessTokens: 'jwt',
  listsScopes: false,
  remedies: {
    issuer:
      'Entra admin center > App registrations > yours > Overview > Directory (tenant) ID: ISSUER is https://login.microsoftonline.com/TENANT-ID/v2.0',
    audience:
      'Entra admin center > App registrations > your API > Manifest > requestedAccessTokenVersion: 2; ACCEPTED_AUDIENCES must be its Application (client) ID',
    scopes: 'Entra admin center > App registrations > your API > Expose an API > Add a scope: {scope}',
    client:
      'Entra admin center > App registrations > New registration > Authentication > Mobile and desktop applications: {redirectUri}, Allow public client flows; its Application (client) ID is CLIENT_ID',
  },
  omitResource: true,
  authorizationParameters: { prompt: 'select_account' },
  redirectHost: 'localhost',
  allowInsecureUnadvertisedPkce: true,
  deviations: [
    {
      what: 'the `resource` parameter is left out',
      why: 'it must equal the App ID URI and own the requested scopes, else AADSTS9010010; the scope already names the API',
      source: 'https://learn.microsoft.com/entra/identity-platform/reference-error-codes (2026-11)',
    },
    {
      what: 'read, write and admin come from the app roles of the person, beside the scopes of the token',
      why: 'a delegated scope limits the client, and everybody who consents has it: people are told apart by app roles',
      source: 'https://learn.microsoft.com/entra/identity-platform/howto-add-app-roles-in-apps (2026-11)',
    },
    {
      what: 'people choose an account instead of being asked for consent each time',
      why: 'prompt=consent ends at "Need admin approval" (AADSTS90094) where people may not consent, even when an administrator has',
      source: 'https://learn.microsoft.com/answers/questions/5847660 (2026-11)',
    },
    {
      what: 'scopes are asked for with the App ID URI before them, and come back without it',
      why: 'a v2.0 token carries the bare names in `scp`, and the client ID of the API in `aud`',
      source: 'https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference (2026-11)',
    },
    {
      what: 'PKCE is used although the metadata does not list it',
      why: 'Entra supports S256 and publishes no code_challenge_methods_supported',
      source: 'https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow (2026-11)',
    },
    {
      what: 'redirects go to localhost',
      why: 'any port is accepted for localhost only; http://127.0.0.1 can be registered in the manifest alone, and [::1] not at all',
      source: 'https://learn.microsoft.com/entra/identity-platform/reply-url (2026-11)',
    },
  ],
}
