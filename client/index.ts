/**
 * Sign in at MCP servers from a program of your own: `import { createOAuthClient, … } from 'mcp-gatehouse/client'`.
 * docs/use-the-client.md shows how.
 */
export type { Authorization } from './auth-provider.ts'
export type { Challenge } from './challenge.ts'
export type { ClientAuthentication } from './client-authentication.ts'
export type { PreregisteredClient } from './client-registration.ts'
export type { Discovery } from './discovery.ts'
export { ClientFailure, type ExitStatus } from './failure.ts'
export { type AuthorizationCodeOptions, authorizationCode } from './grants/authorization-code.ts'
export { clientCredentials } from './grants/client-credentials.ts'
export { type DeviceCodeOptions, type DeviceInstructions, deviceCode } from './grants/device-code.ts'
export { type EnterpriseManagedOptions, enterpriseManaged } from './grants/enterprise-managed.ts'
export type { Connection, Grant, GrantRequest } from './grants/grant.ts'
export { type AssertionRequest, type JwtBearerOptions, jwtBearer } from './grants/jwt-bearer.ts'
export { createOAuthClient, type OAuthClient, type OAuthClientOptions } from './oauth-client.ts'
export { openBrowser } from './open-browser.ts'
export type { Registration, RegistrationKey } from './registration.ts'
export type { RequestPurpose } from './request-purpose.ts'
export { createSecureFetch, type Fetch, type FetchInit, type SecureFetchOptions } from './secure-fetch.ts'
export type { SignOut } from './sign-out.ts'
export {
  createMemoryTokenStore,
  createTokenStore,
  type Shelf,
  type StoreContent,
  type TokenStore,
  type Vault,
} from './token-store.ts'
export type { TokenKey, Tokens } from './tokens.ts'
export type { Actor, Hop, Message } from './trace/hop.ts'
export { renderTracePage, type TraceSummary } from './trace/render-page.ts'
export { createTrace, type Trace } from './trace/trace.ts'
export { openTokenStore, type TokenStoreOptions } from './vault/open-token-store.ts'
