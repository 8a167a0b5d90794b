import { describe, expect, it } from '@jest/globals'
import { isEndpointOf } from '../../runtime/issuer-endpoints.ts'

describe('isEndpointOf', () => {
  // The shapes of these vendors' metadata; nothing was fetched from them for this table.
  it.each([
    [
      'Google',
      'https://accounts.google.com',
      'https://accounts.google.com/o/oauth2/v2/auth',
      'https://oauth2.googleapis.com/token',
    ],
    [
      'Entra ID',
      'https://login.microsoftonline.com/tenant/v2.0',
      'https://login.microsoftonline.com/tenant/oauth2/v2.0/authorize',
      'https://login.microsoftonline.com/tenant/oauth2/v2.0/token',
    ],
    [
      'Okta',
      'https://a.okta.com/oauth2/default',
      'https://a.okta.com/oauth2/default/v1/authorize',
      'https://a.okta.com/oauth2/default/v1/token',
    ],
    ['Auth0', 'https://a.auth0.com/', 'https://a.auth0.com/authorize', 'https://a.auth0.com/oauth/token'],
    [
      'Keycloak',
      'https://a.example/realms/r',
      'https://a.example/realms/r/protocol/openid-connect/auth',
      'https://a.example/realms/r/protocol/openid-connect/token',
    ],
    ['Hydra', 'https://a.example', 'https://a.example/oauth2/auth', 'https://a.example/oauth2/token'],
    ['Dex', 'https://a.example/dex', 'https://a.example/dex/auth', 'https://a.example/dex/token'],
    [
      'Glewlwyd',
      'http://localhost:4593/api/oidc',
      'http://localhost:4593/api/oidc/auth',
      'http://localhost:4593/api/oidc/token',
    ],
    [
      'GitHub',
      'https://github.com/login/oauth',
      'https://github.com/login/oauth/authorize',
      'https://github.com/login/oauth/access_token',
    ],
    [
      'authentik',
      'https://a.example/application/o/app/',
      'https://a.example/application/o/authorize/',
      'https://a.example/application/o/token/',
    ],
    [
      'the MCP SDK under a path',
      'https://a.example/tenant',
      'https://a.example/authorize',
      'https://a.example/token',
    ],
  ])('knows the pages of %s as its own', (_, issuer, authorizationEndpoint, tokenEndpoint) => {
    expect(isEndpointOf(issuer, authorizationEndpoint, tokenEndpoint)).toBe(true)
  })

  it.each([
    ['another host', 'https://a.example', 'https://b.example/authorize', 'https://a.example/token'],
    ['another port', 'https://a.example', 'https://a.example:8443/authorize', 'https://a.example/token'],
    ['another scheme', 'https://localhost', 'http://localhost/authorize', 'https://localhost/token'],
    ['a subdomain', 'https://a.example', 'https://login.a.example/authorize', 'https://a.example/token'],
    [
      'a neighbour',
      'https://a.example/evil',
      'https://a.example/good/authorize',
      'https://a.example/evil/token',
    ],
    [
      'a neighbour with the same beginning',
      'https://a.example/ho',
      'https://a.example/honest/auth',
      'https://a.example/ho/token',
    ],
    [
      'a realm in other capitals',
      'https://a.example/realms/R',
      'https://a.example/realms/r/auth',
      'https://a.example/realms/R/token',
    ],
    [
      'the root, for a tenant with a token endpoint of its own',
      'https://a.example/evil',
      'https://a.example/authorize',
      'https://a.example/evil/token',
    ],
    [
      'the root, for a tenant that is its token endpoint',
      'https://a.example/evil',
      'https://a.example/authorize',
      'https://a.example/evil',
    ],
    [
      'the root, with tokens from elsewhere',
      'https://a.example/evil',
      'https://a.example/authorize',
      'https://evil.example/token',
    ],
    [
      'an encoded slash',
      'https://a.example/evil',
      'https://a.example/evil/..%2Fgood/authorize',
      'https://a.example/evil/token',
    ],
    [
      'a path parameter',
      'https://a.example/evil',
      'https://a.example/evil/..;/good/authorize',
      'https://a.example/evil/token',
    ],
    [
      'a backslash',
      'https://a.example/evil',
      'https://a.example/evil\\..\\good/authorize',
      'https://a.example/evil/token',
    ],
    ['no URL', 'https://a.example', 'authorize', 'https://a.example/token'],
  ])(
    'does not take the pages of another for its own: %s',
    (_, issuer, authorizationEndpoint, tokenEndpoint) => {
      expect(isEndpointOf(issuer, authorizationEndpoint, tokenEndpoint)).toBe(false)
    },
  )
})
