import { type ClientMetadata, errors, type Provider } from 'oidc-provider'
import { type Config, ConfigError } from '../config/index.ts'
import { accountPageClient } from './account/sign-in.ts'

/** Loopback redirects of a native application: oidc-provider accepts any port (RFC 8252 §7.3). */
const loopbackRedirectUris = ['127.0.0.1', 'localhost', '[::1]'].flatMap((host) => [
  `http://${host}/callback`,
  `http://${host}/oauth/callback`,
])

/** The grant of devices without a browser (RFC 8628 §3.4). */
export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** The settings that say which clients are known here. */
export type KnownClients = 'issuer' | 'client' | 'clients' | 'resourceClient' | 'resourceClientJwks'

/** The clients that need not register: the user's MCP client, the MCP server that introspects, this server's own page, and the operator's. */
export function preregisteredClients({
  issuer,
  client,
  clients,
  resourceClient,
  resourceClientJwks,
}: Pick<Config, KnownClients>): readonly ClientMetadata[] {
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
      client_name: 'MCP server',
      redirect_uris: [],
      grant_types: [],
      response_types: [],
      ...(resourceClientJwks
        ? {
            token_endpoint_auth_method: 'private_key_jwt',
            jwks: resourceClientJwks as ClientMetadata['jwks'],
          }
        : { token_endpoint_auth_method: 'client_secret_basic', client_secret: resourceClient.secret }),
    },
    accountPageClient({ issuer }),
    // Its scopes are the resource's, which oidc-provider would not know: resources.ts keeps to them.
    ...clients.map(({ scope: _, ...metadata }) => metadata as ClientMetadata),
  ]
}

/**
 * Judges the operator's clients as any other: oidc-provider would do so at their first use only.
 * @throws ConfigError naming each client and what to change
 */
export async function assertConfiguredClients(
  provider: Provider,
  { clients }: Pick<Config, 'clients'>,
): Promise<void> {
  const found = await Promise.allSettled(clients.map(({ client_id: id }) => provider.Client.find(id)))
  const problems = found.flatMap((result, index) => {
    if (result.status === 'fulfilled') return []
    if (!(result.reason instanceof errors.InvalidClientMetadata)) throw result.reason
    const problem = `client "${clients[index]?.client_id}": ${result.reason.error_description}`
    return [{ variable: 'CLIENTS', problem }]
  })
  if (problems.length > 0) throw new ConfigError(problems)
}
