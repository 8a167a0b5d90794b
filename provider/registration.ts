import { type ClientMetadata, errors } from 'oidc-provider'
import { isLoopback, keyProblem } from '../config/index.ts'
import { deviceCodeGrant } from './clients.ts'

const maximumLength = 1_000
const maximumItems = 20
const maximumNameLength = 80

/**
 * Control characters, those that nobody sees, that begin a line, or that turn the direction of the text around them,
 * and marks that are piled up. Two scripts and emoji need the joiners (U+200C, U+200D).
 */
const deceptiveCharacters =
  /(?!\u200c|\u200d|\ufe0f)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|\p{M}{4}/u

/** What a name is recognised by. */
const visible = /[\p{L}\p{N}\p{S}]/u

/** RFC 8252 §7.1: a private-use scheme is a domain name in reverse, as in `com.example.app:/callback`. */
const privateUseScheme = /^[a-z][a-z\d-]*(\.[a-z\d-]+)+:$/

/** What an authorization response adds to the redirect URI. A registered one must not bring its own. */
const responseParameters = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri']

/**
 * Judges a client's metadata before oidc-provider does, and corrects what it must not contain. Registered
 * clients (RFC 7591), metadata documents and the configured ones are all held to the same rules, and those
 * that came by themselves to some more.
 * @param metadata changed in place
 * @param configured whether the operator has set the client up
 * @throws errors.InvalidClientMetadata saying what to change
 */
export function checkClientMetadata(metadata: ClientMetadata, configured: boolean): void {
  for (const [key, value] of Object.entries(metadata)) checkSize(key, value)
  const { client_name: name, redirect_uris: redirectUris } = metadata
  const nameFits =
    typeof name === 'string' &&
    name.length <= maximumNameLength &&
    visible.test(name) &&
    !deceptiveCharacters.test(name)
  if (name !== undefined && !nameFits) {
    throw new errors.InvalidClientMetadata(
      `client_name must be up to ${maximumNameLength} characters, with a letter among them and none that nobody sees`,
    )
  }
  // oidc-provider would take it as all that the client may ever ask for, and step-up would fail.
  delete metadata.scope
  if (!configured) restrictStranger(metadata)
  checkKeys(metadata.jwks)
  // A list of anything else is refused by oidc-provider.
  if (!Array.isArray(redirectUris) || !redirectUris.every((uri) => typeof uri === 'string')) return
  for (const uri of redirectUris) {
    const problem = redirectUriProblem(uri)
    if (problem)
      throw new errors.InvalidClientMetadata(`redirect_uris must contain only URIs that ${problem}`)
  }
  if (redirectUris.length > 0 && redirectUris.every(isNative)) metadata.application_type = 'native'
}

/** What a client may not have that nobody here knows. */
function restrictStranger(metadata: ClientMetadata): void {
  // Both would be fetched from here at a stranger's wish.
  delete metadata.sector_identifier_uri
  delete metadata.jwks_uri
  // Log-out sends nobody to a host that nobody here vouches for (RFC 9700 §4.11.2): a link would be enough.
  delete metadata.post_logout_redirect_uris
  const { grant_types: grantTypes } = metadata
  if (!Array.isArray(grantTypes)) return
  // Nobody would have consented to what it does.
  if (grantTypes.includes('client_credentials')) {
    throw new errors.InvalidClientMetadata('grant_types must not contain client_credentials')
  }
  // A code that a stranger sends around is all that phishing takes (RFC 8628 §5.4). Clients ask for all that there is.
  metadata.grant_types = grantTypes.filter((grantType) => grantType !== deviceCodeGrant)
}

/** An attacker with the private half of a published key would be the client. */
function checkKeys(jwks: unknown): void {
  const { keys } = Object(jwks)
  // What is no list is refused by oidc-provider.
  if (!Array.isArray(keys)) return
  for (const key of keys) {
    const problem = keyProblem(key)
    if (problem) throw new errors.InvalidClientMetadata(`jwks: a key ${problem}`)
  }
}

function checkSize(key: string, value: unknown): void {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  const long = items.some((item) => (JSON.stringify(item) ?? '').length > maximumLength)
  if (items.length > maximumItems || long) {
    throw new errors.InvalidClientMetadata(
      `${key} must have up to ${maximumItems} values of up to ${maximumLength} characters`,
    )
  }
}

/** @returns what a redirect URI must be and this one is not; undefined when it may be used */
export function redirectUriProblem(uri: string): string | undefined {
  const url = URL.parse(uri)
  if (!url || !/^[\x21-\x7e]+$/.test(uri) || uri.includes('\\')) return 'are absolute, in plain ASCII'
  if (/^https?:(?!\/\/[^/])/i.test(uri)) return 'have a host after the two slashes'
  if (uri.includes('#')) return 'have no fragment'
  if (url.username || url.password || /^[^/]*:\/\/[^/?]*@/.test(uri)) return 'have no user name or password'
  if (url.hostname.includes('*')) return 'name one host, without a wildcard'
  if (responseParameters.some((name) => url.searchParams.has(name))) return 'have no response parameters'
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:') return isLoopback(uri) ? undefined : 'are https, unless they are loopback'
  return privateUseScheme.test(url.protocol) ? undefined : 'are https, loopback or of a reverse-domain scheme'
}

function isNative(uri: string): boolean {
  const { protocol } = new URL(uri)
  return protocol === 'http:' ? isLoopback(uri) : privateUseScheme.test(protocol)
}
