import { createHash } from 'node:crypto'

/** What is known of the redirect URI that a client has at an authorization server. */
export interface RedirectUriOptions {
  readonly issuer: string
  /** Where the browser comes back to by default, or by the settings. Without a port, any that is free. */
  readonly wanted: string
  /** The one that the client is registered with; absent when it is not registered with any, or not yet. */
  readonly registered?: string | undefined
  /** Whether the client is going to register the one that is chosen. */
  readonly isNew: boolean
}

/**
 * The issuer's own redirect URI: `wanted`, with a path segment that no other issuer has. An authorization server to
 * which another one's requests were led answers elsewhere than where this client waits (RFC 9700 §4.4.2.2).
 */
export function redirectUriOf(issuer: string, wanted: string): string {
  const url = new URL(wanted)
  const digest = createHash('sha256').update(issuer).digest('base64url')
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${digest.slice(0, 22)}`
  return url.href
}

/** Whether a redirect URI is the issuer's own, whatever its port. */
export function isRedirectUriOf(issuer: string, wanted: string, uri: string | undefined): boolean {
  return uri !== undefined && URL.canParse(wanted) && isSameButPort(redirectUriOf(issuer, wanted), uri)
}

/**
 * Chooses where the browser comes back to: the issuer's own redirect URI where it can be registered, or is; else the
 * one that an operator has registered by hand. The port that was registered is used again where any port would do.
 */
export function chooseRedirectUri({ issuer, wanted, registered, isNew }: RedirectUriOptions): string {
  // What cannot be served is refused where it would be opened.
  if (!URL.canParse(wanted)) return wanted
  const isOwn = isNew || isRedirectUriOf(issuer, wanted, registered)
  const chosen = isOwn ? redirectUriOf(issuer, wanted) : wanted
  const isFree = new URL(chosen).port === ''
  return registered !== undefined && isFree && isSameButPort(chosen, registered) ? registered : chosen
}

function isSameButPort(first: string, second: string): boolean {
  const [a, b] = [URL.parse(first), URL.parse(second)]
  return a?.hostname === b?.hostname && a?.pathname === b?.pathname
}
