import { type IdpProfile, idpProfileOf } from './idp-profiles/index.ts'

/** What the environment says about the identity provider, over its profile. */
export interface IdpOverrides {
  /** The value of IDP: a profile's name, or `auto`. */
  readonly name: string
  readonly scopeTemplate?: string
  readonly omitResource?: boolean
  readonly authorizationParameters?: Readonly<Record<string, string>>
  readonly redirectHost?: '127.0.0.1' | 'localhost'
  readonly redirectPort?: number
  readonly allowInsecureUnadvertisedPkce?: boolean
  /** Issuer → the origins at which its authorization endpoint may be besides its own. */
  readonly authorizationOrigins?: Readonly<Record<string, readonly string[]>>
}

/** How one issuer is spoken to: its profile, and what the environment says instead. */
export interface IdpSettings {
  readonly profile: IdpProfile
  /** What is asked for to get a scope; `{scope}` stands for its name. */
  readonly scopeTemplate: string
  /** Whether the `resource` parameter (RFC 8707) is left out. */
  readonly omitResource: boolean
  /** Further parameters of the authorization request. */
  readonly authorizationParameters: Readonly<Record<string, string>>
  /** The host of loopback redirect URIs (RFC 8252 §7.3). */
  readonly redirectHost: '127.0.0.1' | 'localhost'
  /** Their port. Absent: a free one. */
  readonly redirectPort?: number
  /** Whether S256 is used although the issuer does not list it. */
  readonly allowInsecureUnadvertisedPkce: boolean
  /** Origins at which the authorization endpoint may be besides the issuer's, without `iss` (RFC 9207). */
  readonly authorizationOrigins: readonly string[]
}

/**
 * The settings for an issuer.
 * @param resource stands for `{resource}` in parameters
 */
export function idpSettings(issuer: string, resource: string, overrides: IdpOverrides): IdpSettings {
  const profile = idpProfileOf(issuer, overrides.name)
  const redirectPort = overrides.redirectPort ?? profile.redirectPort
  const parameters = { ...profile.authorizationParameters, ...overrides.authorizationParameters }
  return {
    profile,
    scopeTemplate: overrides.scopeTemplate ?? profile.scopeTemplate ?? '{scope}',
    omitResource: overrides.omitResource ?? profile.omitResource ?? false,
    authorizationParameters: Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, value.replaceAll('{resource}', resource)]),
    ),
    redirectHost: overrides.redirectHost ?? profile.redirectHost ?? '127.0.0.1',
    ...(redirectPort !== undefined && { redirectPort }),
    allowInsecureUnadvertisedPkce:
      overrides.allowInsecureUnadvertisedPkce ?? profile.allowInsecureUnadvertisedPkce ?? false,
    authorizationOrigins: [
      ...(profile.authorizationOrigins ?? []),
      ...(new Map(Object.entries(overrides.authorizationOrigins ?? {})).get(issuer) ?? []),
    ],
  }
}

/** Where the browser comes back to. Without a port, any that is free (RFC 8252 §7.3). */
export function redirectUri({
  redirectHost,
  redirectPort,
}: Pick<IdpSettings, 'redirectHost' | 'redirectPort'>): string {
  return `http://${redirectHost}${redirectPort === undefined ? '' : `:${redirectPort}`}/callback`
}
