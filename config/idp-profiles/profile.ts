/** How the settings of a profile are known to be right. */
export interface Proof {
  /**
   * `live`: against the real thing. `stand-in`: against a test server made from the vendor's documentation.
   * `documentation`: read there, and not tried yet.
   */
  readonly by: 'live' | 'stand-in' | 'documentation'
  /** ISO 8601 date. */
  readonly date: string
}

/** Where an identity provider does not do what MCP and OAuth expect, and what is done about it. */
export interface Deviation {
  readonly what: string
  readonly why: string
  /** The vendor's page, an issue or a specification. */
  readonly source: string
}

/** An issuer that looks like this identity provider's and cannot be used as it is written. */
export interface MistakenIssuer {
  readonly pattern: RegExp
  /** Follows the variable's name in the error. */
  readonly problem: string
}

/**
 * Where at the identity provider to put right what goes wrong. `{resource}`, `{client}` (the MCP server's client),
 * `{redirectUri}` and `{scope}` (the scopes that are missing) stand for their values.
 */
export interface Remedies {
  /** Nobody answers as this issuer: where to read how it is written. */
  readonly issuer?: string
  /** Its tokens are not for the MCP server. */
  readonly audience?: string
  /** It does not accept the MCP server's credentials. */
  readonly credentials?: string
  /** It does not know scopes of the MCP server. */
  readonly scopes?: string
  /** It does not know the client, or does not let clients register themselves. */
  readonly client?: string
  /** Clients get no refresh tokens. */
  readonly refresh?: string
}

/**
 * What has to be known of an identity provider besides its metadata. Data only: what these fields mean is written
 * where they are read, and nothing else in the programs asks which identity provider it is.
 */
export interface IdpProfile {
  /** The value of IDP. */
  readonly name: string
  readonly title: string
  /** Recognises ISSUER. Absent: chosen by IDP alone, since such issuers have no telltale. */
  readonly issuer?: RegExp
  readonly mistaken?: readonly MistakenIssuer[]
  readonly proof: Proof
  /** What starts it on this machine, such as `npm run provider`. Absent: others run it. */
  readonly startedBy?: string
  /** How access tokens are validated. Default `auto`: by what the metadata offers. */
  readonly tokenValidation?: 'introspection' | 'jwt' | 'tokeninfo'
  /** What the MCP server must be told, because nothing can be guessed: variable → where to find it. */
  readonly serverNeeds?: Readonly<Record<string, string>>
  /** What the client must be told. */
  readonly clientNeeds?: Readonly<Record<string, string>>
  /** What its access tokens are, where the metadata cannot tell: opaque ones cannot be verified by signature. */
  readonly accessTokens?: 'opaque' | 'jwt'
  /**
   * Whether `scopes_supported` has every scope that there is: then one that is missing is not known there. False where
   * those of APIs are never in it. Default: nobody knows.
   */
  readonly listsScopes?: boolean
  /** True when clients get refresh tokens although the metadata does not list that grant. */
  readonly refreshesUnlisted?: true
  /** True when the value that CLIENT_ID has without being set is registered there by its own setup. */
  readonly knowsTestClient?: true
  /** True when the MCP server introspects with RESOURCE as its client identifier, unless told otherwise. */
  readonly introspectsAsResource?: true
  /** A further claim of the token with permissions. */
  readonly scopeClaim?: string
  /** What a client asks for to get a scope; `{scope}` stands for its name. Default `{scope}`. */
  readonly scopeTemplate?: string
  /** True when the client leaves out the `resource` parameter (RFC 8707): the IdP refuses or misreads it. */
  readonly omitResource?: true
  /** Further parameters of the authorization request. `{resource}` stands for RESOURCE. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /** The loopback host of redirect URIs. Default 127.0.0.1 (RFC 8252 §7.3). */
  readonly redirectHost?: 'localhost'
  /** The port of redirect URIs, where any other is refused. Default: a free one. */
  readonly redirectPort?: number
  /**
   * Origins at which its authorization endpoint may be although they are not the issuer's and it sends no `iss`
   * (RFC 9207). A deviation must say why. Default: none.
   */
  readonly authorizationOrigins?: readonly string[]
  /** True when S256 works although the metadata does not list it; else such an issuer is refused. */
  readonly allowInsecureUnadvertisedPkce?: true
  /** True when a refresh token that has ended is refused by a 400 without an error code. */
  readonly bareRefusals?: true
  /** Said in the log and by the check. Default: the same without the places. */
  readonly remedies?: Remedies
  /** Said at start. */
  readonly deviations: readonly Deviation[]
}
