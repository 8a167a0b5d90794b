import type { PrivateKey } from 'oauth4webapi'
import {
  allowInsecureRequests,
  type Client,
  customFetch,
  dynamicClientRegistrationRequest,
  processDynamicClientRegistrationResponse,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi'
import type { CryptoKey } from 'openid-client'
import type { ClientAuthentication } from './client-authentication.ts'
import type { Discovery } from './discovery.ts'
import { ClientFailure, exitStatus } from './failure.ts'
import { loadRedirectUris } from './metadata-document.ts'
import type { Registration } from './registration.ts'
import { type Fetch, withPurpose } from './secure-fetch.ts'
import type { TokenStore } from './token-store.ts'
import type { Tokens } from './tokens.ts'

/** A client that somebody registered by hand. */
export interface PreregisteredClient {
  readonly id: string
  readonly secret?: string
  /** For private_key_jwt. */
  readonly privateKey?: CryptoKey | PrivateKey
  /**
   * The only authorization server that it is for. Without it, the first that it is used at: from then on it
   * is used at no other.
   */
  readonly issuer?: string
}

/** What the client brings to an authorization server. */
export interface ClientRegistrarOptions {
  readonly client?: PreregisteredClient
  /** The client's own metadata document, for servers that take its URL as a client id. */
  readonly clientMetadataUrl?: string
  /** What people read on consent pages. */
  readonly clientName: string
  readonly store: TokenStore
  readonly fetch: Fetch
  /** Unix seconds. */
  readonly now: () => number
}

/** A registration, and the proof that goes with it. */
export interface RegisteredClient extends ClientAuthentication {
  readonly registration: Registration
  /** The redirect URIs in the client's metadata document, for a client that is known by one. */
  readonly listedRedirectUris?: () => Promise<readonly string[]>
}

/** Knows, for each authorization server, the client that it knows. */
export interface ClientRegistrar {
  /**
   * The client as it is known at that server already; undefined when it has to register first.
   * @param grantTypes what it has to be registered for. Default: anything
   */
  find(
    server: Pick<Discovery, 'issuer' | 'server'>,
    grantTypes?: readonly string[],
  ): Promise<RegisteredClient | undefined>
  /**
   * Registers dynamically, unless another process just did.
   * @throws ClientFailure when the server takes no registrations
   */
  register(discovery: Discovery, request: RegistrationRequest): Promise<RegisteredClient>
  /** Drops a registration that the server no longer knows. */
  forget(registration: Registration): Promise<void>
  /** The same for one that the server may not know, unless a refresh token depends on it. */
  forgetIfUnused(registration: Registration): Promise<void>
}

/** What a dynamic registration depends on. */
export interface RegistrationRequest {
  /** Absent for grants without one. */
  readonly redirectUri?: string | undefined
  /** Absent: the grant is not for clients that register themselves. */
  readonly grantTypes?: readonly string[] | undefined
}

/** Registers in MCP's order: by hand beforehand, by metadata document, dynamically (RFC 7591). */
export function createClientRegistrar(options: ClientRegistrarOptions): ClientRegistrar {
  const { client, clientMetadataUrl, store, now } = options

  /** A client id is unique at its authorization server only, and its secret is for no other to see. */
  async function isOfOtherIssuer({ id, issuer }: PreregisteredClient, here: string): Promise<boolean> {
    if (issuer !== undefined) return issuer !== here
    const used = (await store.registrations.list()).filter(
      ({ origin, clientId }) => origin === 'preregistered' && clientId === id,
    )
    return used.length > 0 && used.every(({ issuer: there }) => there !== here)
  }

  async function find(
    { issuer, server }: Pick<Discovery, 'issuer' | 'server'>,
    grantTypes: readonly string[] = [],
  ): Promise<RegisteredClient | undefined> {
    if (client && !(await isOfOtherIssuer(client, issuer))) {
      const registration: Registration = { issuer, clientId: client.id, origin: 'preregistered' }
      const noted = await store.registrations.read({ issuer })
      if (noted?.origin !== 'preregistered' || noted.clientId !== client.id) {
        await store.registrations.update({ issuer }, async () => registration)
      }
      return {
        registration,
        clientId: client.id,
        clientSecret: client.secret,
        privateKey: client.privateKey,
      }
    }
    if (clientMetadataUrl !== undefined && server.client_id_metadata_document_supported === true) {
      const registration: Registration = { issuer, clientId: clientMetadataUrl, origin: 'metadata-document' }
      const listedRedirectUris = async () => await loadRedirectUris(clientMetadataUrl, options.fetch)
      return { registration, clientId: clientMetadataUrl, listedRedirectUris }
    }
    const kept = await store.registrations.read({ issuer })
    return kept && isUsable(kept, now(), grantTypes) ? authenticationOf(kept) : undefined
  }

  async function forget({ issuer, clientId }: Registration): Promise<void> {
    await store.registrations.update({ issuer }, async (kept) =>
      kept?.clientId === clientId ? undefined : kept,
    )
  }

  return {
    find,
    forget,
    async forgetIfUnused(registration) {
      const { issuer, clientId } = registration
      const isUser = (tokens: Tokens) =>
        tokens.issuer === issuer && tokens.clientId === clientId && tokens.refreshToken !== undefined
      if (!(await store.tokens.list()).some(isUser)) await forget(registration)
    },
    async register(discovery, request) {
      const kept = await store.registrations.update({ issuer: discovery.issuer }, async (current) =>
        current && isUsable(current, now(), request.grantTypes)
          ? current
          : await registerAt(discovery, request, options),
      )
      if (!kept) throw new Error('A registration was lost while it was kept.')
      return authenticationOf(kept)
    },
  }
}

function isUsable(
  { origin, secretExpiresAt, grantTypes = [] }: Registration,
  now: number,
  wanted: readonly string[] = [],
): boolean {
  const isValid = secretExpiresAt === undefined || secretExpiresAt > now
  return origin === 'dynamic' && isValid && wanted.every((grantType) => grantTypes.includes(grantType))
}

function authenticationOf(registration: Registration): RegisteredClient {
  const { clientId, clientSecret, authMethod } = registration
  return { registration, clientId, clientSecret, authMethod }
}

/** The best first: a native application cannot keep a secret (RFC 8252 §8.5). */
const usableMethods = ['none', 'client_secret_basic', 'client_secret_post']

async function registerAt(
  { issuer, server }: Discovery,
  { redirectUri, grantTypes }: RegistrationRequest,
  { clientName, client, fetch }: ClientRegistrarOptions,
): Promise<Registration> {
  if (server.registration_endpoint === undefined || !grantTypes) throw notRegistered(issuer, client)
  const offered = server.token_endpoint_auth_methods_supported ?? ['none']
  const authMethod = usableMethods.find((method) => offered.includes(method)) ?? 'none'
  const metadata: Partial<Client> = {
    client_name: clientName,
    application_type: 'native',
    grant_types: [...grantTypes],
    token_endpoint_auth_method: authMethod,
    ...(redirectUri !== undefined && { redirect_uris: [redirectUri], response_types: ['code'] }),
  }
  const response = await dynamicClientRegistrationRequest(server, metadata, {
    [customFetch]: withPurpose(fetch, 'registration', issuer),
    [allowInsecureRequests]: true,
  })
  const registered = await processDynamicClientRegistrationResponse(response).catch((error) => {
    throw isRefusal(error) ? notRegistered(issuer, client, error) : error
  })
  const { client_id: clientId, client_secret, client_secret_expires_at } = registered
  return {
    issuer,
    clientId,
    origin: 'dynamic',
    grantTypes,
    ...(typeof client_secret === 'string' && { clientSecret: client_secret }),
    ...(typeof client_secret_expires_at === 'number' &&
      client_secret_expires_at > 0 && { secretExpiresAt: client_secret_expires_at }),
    // A server may decide otherwise than it was asked, and then says so (RFC 7591 §3.2.1).
    authMethod: String(registered.token_endpoint_auth_method ?? authMethod),
    ...(redirectUri !== undefined && { redirectUri }),
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError
}

/** @param cause how it refused, where it takes registrations from some */
function notRegistered(
  issuer: string,
  client: PreregisteredClient | undefined,
  cause?: unknown,
): ClientFailure {
  const said =
    cause instanceof ResponseBodyError
      ? (cause.error_description ?? cause.error).replace(/\.$/, '')
      : undefined
  const refusal =
    cause === undefined ? 'takes no registrations from programs' : 'did not let it register itself'
  const message = `This client is not registered at ${issuer}, which ${refusal}${said === undefined ? '' : `: ${said}`}.`
  return new ClientFailure(message, {
    status: exitStatus.signIn,
    hint: client
      ? `CLIENT_ID is for another authorization server. If it is for this one too: ISSUER=${issuer}`
      : 'Register one there, then set CLIENT_ID (and CLIENT_SECRET).',
    cause,
  })
}
