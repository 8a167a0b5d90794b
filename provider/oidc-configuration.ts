import { type AsymmetricSigningAlgorithm, type Configuration, errors } from 'oidc-provider'
import { accountPagePolicy } from './account/sign-in.ts'
import { assertShortLived, clientKeyAlgorithms } from './client-assertions.ts'
import { preregisteredClients } from './clients.ts'
import { deviceFlow } from './interactions/device.ts'
import { createLoadExistingGrant } from './interactions/existing-grant.ts'
import { isOldLogoutForm, rpInitiatedLogout } from './interactions/logout.ts'
import { askWhoIsGone } from './interactions/switch-account.ts'
import type { Keys } from './keys/keys.ts'
import { lifetimes, refreshTokenLifetime, sessionLifetime } from './lifetimes.ts'
import { createAllowFetch, unfetchedAtIntrospection } from './metadata-documents.ts'
import type { Parts } from './parts.ts'
import { expiringClients } from './registered-clients.ts'
import { checkClientMetadata } from './registration.ts'
import { assertSize } from './request-size.ts'
import { assertResource, createGetResourceServerInfo, requestedScope } from './resources.ts'
import { createAdapterFactory } from './storage/storage-adapter.ts'
import { bitsOfRandomness } from './storage/token-kinds.ts'
import { sendErrorPage } from './views/error.ts'

/** What the configuration is made of. */
export type ConfigurationParts = Omit<
  Parts,
  'metrics' | 'boundedBodies' | 'requestLimits' | 'loginLimits' | 'passwordQueue' | 'unusedClients'
>

/**
 * What this authorization server does, in oidc-provider's options
 * (https://github.com/panva/node-oidc-provider/blob/main/docs/README.md).
 */
export function oidcConfiguration(parts: ConfigurationParts, keys: Keys): Configuration {
  const { config, accounts, storage, connections, fetch } = parts
  const algorithms = [...new Set(keys.signing.keys.map(({ alg }) => alg as AsymmetricSigningAlgorithm))]
  const cookie = {
    signed: true,
    httpOnly: true,
    sameSite: 'lax',
    secure: config.issuer.startsWith('https:'),
  } as const

  const clients = preregisteredClients(config)
  const configured = new Set(clients.map((client) => client.client_id))

  return {
    // Who may ask, and for what
    clients,
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    assertJwtClientAuthClaimsAndHeader: assertShortLived,
    clientDefaults: { id_token_signed_response_alg: algorithms[0] },
    extraClientMetadata: {
      properties: ['software_id'],
      validator: (_ctx, _key, _value, metadata) =>
        checkClientMetadata(metadata, configured.has(metadata.client_id)),
    },
    // OpenID's scopes only: read, write and admin belong to the resource.
    scopes: ['openid', 'offline_access'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    extraParams: {
      scope: (ctx, scope) => {
        assertSize(ctx)
        const { oidc } = ctx
        if (oidc.params) oidc.params.scope = requestedScope(scope, oidc.client?.clientId, config)
      },
    },

    // Who answers for it
    findAccount: async (_ctx, accountId) => {
      const account = await accounts.find(accountId)
      return account && { accountId, claims: () => ({ sub: accountId }) }
    },
    interactions: {
      url: (_ctx, { uid }) => `/interaction/${uid}`,
      policy: askWhoIsGone(accountPagePolicy(), accounts),
    },
    loadExistingGrant: createLoadExistingGrant(config, connections),
    cookies: {
      keys: keys.cookies,
      names: {
        session: 'gatehouse_session',
        interaction: 'gatehouse_interaction',
        resume: 'gatehouse_resume',
      },
      long: cookie,
      short: cookie,
    },

    // What is issued
    jwks: keys.signing,
    enabledJWA: { idTokenSigningAlgValues: algorithms, clientAuthSigningAlgValues: clientKeyAlgorithms },
    // A machine is its own subject (RFC 9068 §2.2). No account has a colon in its identifier.
    extraTokenClaims: (_ctx, token) =>
      token.kind === 'ClientCredentials' ? { sub: `client:${token.clientId}` } : undefined,
    rotateRefreshToken: (ctx) => {
      // oidc-provider looks at the resource only after it has used up the refresh token.
      assertResource(ctx, config)
      return true
    },
    // Whatever is revoked of a grant ends the grant.
    revokeGrantPolicy: () => true,
    expiresWithSession: () => false,
    formats: { bitsOfOpaqueRandomness: (_ctx, { kind }) => bitsOfRandomness(kind) },
    ttl: {
      AuthorizationCode: lifetimes.authorizationCode,
      DeviceCode: lifetimes.deviceCode,
      AccessToken: lifetimes.accessToken,
      ClientCredentials: lifetimes.accessToken,
      RefreshToken: (_ctx, token) => refreshTokenLifetime(token.totalLifetime()),
      IdToken: lifetimes.idToken,
      Grant: lifetimes.grant,
      Session: (_ctx, { loginTs }) =>
        sessionLifetime(loginTs === undefined ? 0 : Math.floor(Date.now() / 1000) - loginTs),
      Interaction: lifetimes.interaction,
    },

    // Where and how
    adapter: unfetchedAtIntrospection(
      expiringClients(createAdapterFactory(storage, { graceSeconds: config.refreshGraceSeconds })),
    ),
    fetch,
    routes: {
      authorization: '/authorize',
      token: '/token',
      device_authorization: '/device/auth',
      code_verification: '/device',
      introspection: '/introspect',
      revocation: '/revoke',
      registration: '/register',
      pushed_authorization_request: '/par',
      jwks: '/jwks',
      userinfo: '/userinfo',
      end_session: '/logout',
    },
    // These endpoints take tokens and codes, never cookies: another origin has nothing to steal there.
    clientBasedCORS: () => true,
    renderError: (ctx, { error, error_description: description }, cause) =>
      sendErrorPage(ctx, {
        error: cause instanceof errors.SessionNotFound || isOldLogoutForm(ctx) ? 'interaction_ended' : error,
        description,
      }),

    features: {
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: createGetResourceServerInfo(config, accounts),
        defaultResource: () => config.resource,
        useGrantedResource: () => true,
      },
      introspection: {
        enabled: true,
        // Everyone else, and every other token, sees `active: false` (RFC 7662 §2.2). A refresh token has no `aud`.
        allowedPolicy: async ({ oidc }, client, token) =>
          client.clientId === config.resourceClient.id &&
          'aud' in token &&
          token.aud === config.resource &&
          // What was issued to a client that has been removed ends with it.
          (await oidc.provider.Client.find(String(token.clientId))) !== undefined,
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => client.clientId === token.clientId,
      },
      registration: {
        enabled: config.registration === 'open',
        initialAccessToken: config.registrationToken,
        issueRegistrationAccessToken: false,
      },
      clientIdMetadataDocument: {
        enabled: true,
        ack: 'draft-02',
        allowFetch: createAllowFetch(parts),
        cacheDuration: { min: 300, max: 86_400 },
      },
      pushedAuthorizationRequests: { enabled: true },
      deviceFlow: deviceFlow(config),
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: true },
      rpInitiatedLogout: rpInitiatedLogout(accounts),
    },
  }
}
