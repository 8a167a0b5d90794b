import { type IdpSettings, redirectUri } from '../config/index.ts'

/**
 * Where an authorization server cannot follow MCP's rules. Each deviation is named; none is the default. Scopes need
 * no rule: the MCP server names them in its authorization server's words.
 */
export interface IssuerRules {
  /** The `resource` parameter (RFC 8707) is left out, because this server refuses or misreads it. */
  readonly omitResource?: boolean
  /** Further parameters of the authorization request. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /** Where the browser comes back to. Without a port, any that is free. Default `http://127.0.0.1/callback`. */
  readonly redirectUri?: string
  /**
   * Origins at which its authorization endpoint may be although they are not its own and it promises no `iss`
   * (RFC 9207). Default: none.
   */
  readonly authorizationOrigins?: readonly string[]
  /** PKCE is used although the metadata does not list S256. */
  readonly allowInsecureUnadvertisedPkce?: boolean
  /** A 400 without an error code, in answer to a refresh, is `invalid_grant`: this server says it so. */
  readonly bareRefusals?: boolean
}

/** The rules that an identity provider's profile and the environment make. */
export function rulesOf(settings: IdpSettings): IssuerRules {
  const { omitResource, authorizationParameters, allowInsecureUnadvertisedPkce, authorizationOrigins } =
    settings
  return {
    omitResource,
    authorizationParameters,
    redirectUri: redirectUri(settings),
    allowInsecureUnadvertisedPkce,
    authorizationOrigins,
    bareRefusals: settings.profile.bareRefusals ?? false,
  }
}

/** `resource`, unless this server is one that must not be sent it. */
export function resourceParameter({
  resourceIndicator,
  rules,
}: {
  readonly resourceIndicator: string
  readonly rules: IssuerRules
}): { resource?: string } {
  return rules.omitResource ? {} : { resource: resourceIndicator }
}
