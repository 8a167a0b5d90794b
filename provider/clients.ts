import type { ClientMetadata } from 'oidc-provider'
import type { Config } from '../config/index.ts'
import { accountPageClient } from './account/sign-in.ts'

/** Loopback redirects of a native application: oidc-provider accepts any port (RFC 8252 §7.3). */
const loopbackRedirectUris = ['127.0.0.1', 'localhost', '[::1]'].flatMap((host) => [
  `http://${host}/callback`,
  `http://${host}/oauth/callback`,
])

/** The grant of devices without a browser (RFC 8628 §3.4). */
export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** The clients that need not register: the user's MCP client, the MCP server that introspects, this server's own page. */
export function preregisteredClients({
  issuer,
  client,
  resourceClient,
}: Pick<Config, 'issuer' | 'client' | 'resourceClient'>): readonly ClientMetadata[] {
  return [
    {
      client_id: client.id,
      client_name: 'MCP client',
      application_type: 'native',
      redirect_uris: loopbackRedirectUris,
      grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant],
      response_types: ['code'],
      ...(client.secret === undefined
        ? { token_endpoint_auth_method: 'none' }
        : { token_endpoint_auth_method: 'client_secret_basic', client_secret: client.secret }),
    },
    {
      client_id: resourceClient.id,
      client_secret: resourceClient.secret,
      client_name: 'MCP server',
      redirect_uris: [],
      grant_types: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
    },
    accountPageClient({ issuer }),
  ]
}
