import type { ConfiguredClient } from './clients-file.ts'
import type { IdpOverrides, IdpSettings } from './idp-settings.ts'
import type { PublicJwks } from './public-jwks.ts'
import type { ScopeRules } from './scope-rules.ts'

/**
 * Which program reads the configuration: it decides what `PORT` means, and what must be there. The check of an
 * identity provider lets everything be missing, and says what is.
 */
export type Role = 'provider' | 'resource-server' | 'client' | 'idp-check'

/** A client's credentials at the authorization server. Without `secret` it is a public client. */
export interface ClientCredentials {
  readonly id: string
  readonly secret?: string
}

/** Everything the environment says, parsed once, validated, and never changed afterwards. */
export interface Config {
  /** False only with NODE_ENV=production: then nothing that is public knowledge is accepted. */
  readonly development: boolean
  /** The authorization server, compared byte for byte (RFC 8414 §3.3). */
  readonly issuer: string
  /** The MCP server's public URL: the RFC 8707 resource that tokens are for. */
  readonly resource: string
  /** How `issuer` is spoken to. */
  readonly idp: IdpSettings
  /** What of that was said by the environment: for clients, which find their issuer out. */
  readonly idpOverrides: IdpOverrides
  /** The client's registration, when it has one. */
  readonly client: ClientCredentials
  /** Clients that the operator has set up, from the file that CLIENTS names. For the provider alone. */
  readonly clients: readonly ConfiguredClient[]
  /** Whether clients may register themselves at the provider (RFC 7591). Default `open`. */
  readonly registration: 'open' | 'closed'
  /** What a client must bring to register itself: an initial access token. Absent: nothing. */
  readonly registrationToken?: string
  /**
   * The resource server's registration, with which it introspects (RFC 7662 §2.1). On this machine and in
   * development the secret has a default, which is public knowledge.
   */
  readonly resourceClient: ClientCredentials
  /** A file with the resource server's private JWK, for private_key_jwt instead of the secret (RFC 7523). */
  readonly resourceClientKey?: string
  /** The public keys that belong to it: then the provider knows the resource server by them, and by no secret. */
  readonly resourceClientJwks?: PublicJwks
  /** How access tokens are validated. `auto`: the profile says nothing, and the issuer's metadata decides. */
  readonly tokenValidation: 'auto' | 'introspection' | 'jwt' | 'tokeninfo'
  /** The `aud` values that name this resource server. Default: `resource` alone. */
  readonly acceptedAudiences: readonly string[]
  /** The longest time for which an introspection answer is believed, in seconds. Default 10. */
  readonly introspectionCacheSeconds: number
  /** Where to introspect, when the issuer's metadata does not say. */
  readonly introspectionEndpoint?: string
  /** How the issuer's words for permissions become scopes. */
  readonly scopeRules: ScopeRules
  /** Whether access tokens must be bound to a key (RFC 9449). Default `allowed`. */
  readonly dpop: 'allowed' | 'required'
  /** When set, DPoP proofs need a nonce made with it (RFC 9449 §9). All replicas share it. */
  readonly dpopNonceKey?: string
  /** Where the replicas of the resource server share used DPoP proofs and counts. Default `memory:`. */
  readonly replayStore: string
  /** Requests per minute: of one signed-in caller, and of one address without a token. */
  readonly rateLimit: { readonly caller: number; readonly anonymous: number }
  /** Host names, besides the resource's own, whose pages may send requests. */
  readonly allowedOrigins: readonly string[]
  /** Names of MCP clients that read challenges in tool results only. */
  readonly challengeInResult: readonly string[]
  /** The credential of the stdio mode. */
  readonly accessToken?: string
  /** A file with the people who can sign in at the provider. Absent: the test accounts. */
  readonly accountsFile?: string
  /** Where the provider keeps its state, as a URL. Default `memory:`. */
  readonly store: string
  /** A file or URL with the private keys that sign ID tokens. Absent: the provider makes and rotates its own. */
  readonly jwks?: string
  /** Secrets of the provider's cookies: the first one signs, all verify. Absent: it makes and rotates its own. */
  readonly cookieKeys?: readonly string[]
  /** How long a key signs that the provider has made, in days. Default 90. */
  readonly keyRotationDays: number
  /** What the state is sealed with: the first key seals, all open. Empty for `memory:`, and in development for `sqlite:`. */
  readonly storeKeys: readonly string[]
  /**
   * How long a refresh may be tried again with the token that it used up, in seconds: when the answer was lost,
   * and of clients that prove who they are (by a secret, a key or DPoP) alone. Default 0.
   */
  readonly refreshGraceSeconds: number
  /** The address to listen on. Default 127.0.0.1. */
  readonly host: string
  /** The port to listen on. Default 9000 (provider), 8000 (resource server). */
  readonly port: number
  /** The address of metrics and health, whatever `host` is. Default 127.0.0.1. */
  readonly metricsHost: string
  /** The port of metrics and health, on `metricsHost`. Absent: none is opened. */
  readonly metricsPort?: number
  /** Whether the resource server is not ready while its issuer cannot be asked. Default false. */
  readonly readyNeedsIssuer: boolean
  /** How long connections are still accepted after SIGTERM, in seconds. Default 0. */
  readonly stopDelaySeconds: number
  /** PEM files. Absent: plain http. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string }
  /** How many connections may be open at once; a network without a proxy may have a quarter. Default 4096. */
  readonly maxConnections: number
  /** Addresses and subnets of proxies whose X-Forwarded-For is believed. Default none. */
  readonly trustProxy: readonly string[]
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
}
