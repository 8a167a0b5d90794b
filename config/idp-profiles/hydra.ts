import type { IdpProfile } from './profile.ts'

/** Ory Hydra 2, with a login and consent application in front of it. */
export const hydra: IdpProfile = {
  name: 'hydra',
  title: 'Ory Hydra',
  proof: { by: 'live', date: '2026-11-27' },
  tokenValidation: 'introspection',
  serverNeeds: {
    INTROSPECTION_ENDPOINT:
      'the admin port, which the metadata does not name: http://127.0.0.1:4445/admin/oauth2/introspect',
  },
  listsScopes: false,
  authorizationParameters: { audience: '{resource}' },
  remedies: {
    issuer: 'the configuration of Hydra: ISSUER is urls.self.issuer',
    audience:
      'the client must ask for it (IDP=hydra, which sends audience={resource}), be allowed to (hydra update client … --audience {resource}), and be granted it by the consent application (grant_access_token_audience)',
    credentials:
      'Hydra asks for no credentials at its admin port: what stands before that port refuses {client}',
    scopes: 'hydra update oauth2-client … --scope read,write,admin,offline_access',
    client:
      'hydra create oauth2-client --token-endpoint-auth-method none --redirect-uri http://127.0.0.1/callback …, as the page about Hydra has it; its --id is CLIENT_ID',
    refresh:
      'hydra update oauth2-client … --grant-type authorization_code,refresh_token, and offline_access in --scope',
  },
  deviations: [
    {
      what: 'tokens are introspected at INTROSPECTION_ENDPOINT',
      why: 'they are opaque, and Hydra introspects at its admin port only, which its metadata does not name',
      source: 'https://www.ory.sh/docs/hydra/guides/oauth2-token-introspection (2026-11); tried with 2.3.0',
    },
    {
      what: 'the MCP server is asked for by `audience`, too',
      why: 'Hydra ignores `resource`; it has a list of audiences for each client',
      source: 'https://www.ory.sh/docs/hydra/guides/audiences (2026-11); tried with 2.3.0',
    },
  ],
}
