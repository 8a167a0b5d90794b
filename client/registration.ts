/** Registrations are an issuer's: RFC 6749 §2.2. */
export interface RegistrationKey {
  readonly issuer: string
}

/** What an authorization server knows this client by. */
export interface Registration extends RegistrationKey {
  readonly clientId: string
  /**
   * How it came about: by hand beforehand, by a document that the client id is the URL of
   * (draft-ietf-oauth-client-id-metadata-document), or by dynamic registration (RFC 7591).
   */
  readonly origin: 'preregistered' | 'metadata-document' | 'dynamic'
  /** Kept for dynamic registrations only: the others' are in the settings. */
  readonly clientSecret?: string | undefined
  /** Unix seconds; absent when it does not expire. */
  readonly secretExpiresAt?: number | undefined
  /** `token_endpoint_auth_method`; absent when the server's metadata decides. */
  readonly authMethod?: string | undefined
  /** What it was registered for; absent when it was not registered dynamically. */
  readonly grantTypes?: readonly string[] | undefined
  /** The redirect URI that was registered, with the port that was free then. */
  readonly redirectUri?: string | undefined
}
