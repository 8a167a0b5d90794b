import type { PrivateKey } from 'oauth4webapi'
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretPost,
  Configuration,
  type CryptoKey,
  customFetch,
  None,
  PrivateKeyJwt,
  type ServerMetadata,
} from 'openid-client'
import { basicCredentials } from '../runtime/basic-credentials.ts'
import { purposeAt } from './request-purpose.ts'
import type { Fetch } from './secure-fetch.ts'

/** How a client proves to an authorization server who it is. */
export interface ClientAuthentication {
  readonly clientId: string
  readonly clientSecret?: string | undefined
  /** For private_key_jwt (RFC 7523 §2.2), which then comes before a secret. */
  readonly privateKey?: CryptoKey | PrivateKey | undefined
  /** `token_endpoint_auth_method` of the registration; absent when the server's metadata decides. */
  readonly authMethod?: string | undefined
}

/** openid-client's view of an authorization server, for one client there. */
export function createConfiguration(
  server: ServerMetadata,
  client: ClientAuthentication,
  fetch: Fetch,
): Configuration {
  const configuration = new Configuration(server, client.clientId, undefined, authenticate(server, client))
  // createSecureFetch is stricter than the library's all or nothing.
  allowInsecureRequests(configuration)
  configuration[customFetch] = (url, options) =>
    fetch(url, { ...options, purpose: purposeAt(server, url), namedBy: server.issuer })
  return configuration
}

/** RFC 8414 §2: without a list of methods, `client_secret_basic` it is. */
function authenticate(server: ServerMetadata, client: ClientAuthentication): ClientAuth {
  if (client.privateKey) return PrivateKeyJwt(client.privateKey)
  if (client.clientSecret === undefined || client.authMethod === 'none') return None()
  const offered = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  const method = client.authMethod ?? (offered.includes('client_secret_basic') ? '' : 'client_secret_post')
  return method === 'client_secret_post'
    ? ClientSecretPost(client.clientSecret)
    : clientSecretBasic(client.clientSecret)
}

function clientSecretBasic(secret: string): ClientAuth {
  return (_, { client_id }, __, headers) => {
    headers.set('authorization', basicCredentials(client_id, secret))
  }
}
