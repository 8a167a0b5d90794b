import { createHmac, randomBytes } from 'node:crypto'

/** Parameters of OAuth messages that are secrets, or that stand for one while they are fresh. */
const secretNames: ReadonlySet<string> = new Set([
  'access_token',
  'actor_token',
  'assertion',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'device_code',
  'id_token',
  'id_token_hint',
  'password',
  'refresh_token',
  'registration_access_token',
  'request',
  'state',
  'subject_token',
  'token',
  'user_code',
])

/** Of those, the ones that mean a secret in anybody's JSON: an MCP server's `code` and `state` are its own words. */
const alwaysSecret: ReadonlySet<string> = new Set(
  [...secretNames].filter((name) => /_token$|secret|password|assertion/.test(name)),
)

/** Headers that carry credentials after a scheme, or are one. */
const secretHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'dpop',
  'proxy-authorization',
  'set-cookie',
])

/** Shorter words are no secrets worth hiding, and would be found everywhere. */
const shortestSecret = 8

/** Takes secrets out of what is shown. One for each trace: the same secret has the same mark throughout, and in no other. */
export interface Redaction {
  /** A header's value as it may be shown. */
  header(name: string, value: string): string
  /** A URL whose query and fragment may hold secrets. */
  url(text: string): string
  /** A form (RFC 6749 appendix B). */
  form(text: string): string
  /**
   * JSON, or whatever else a body is.
   * @param ofOAuth whether it is an OAuth message, whose `code` or `state` is one of OAuth's
   */
  body(text: string, ofOAuth: boolean): string
  /** Takes out of any text every secret that was met so far: a server may repeat one where nobody expects it. */
  scrub(text: string): string
}

/** Makes the redaction of one trace. */
export function createRedaction(): Redaction {
  const key = randomBytes(32)
  const met = new Map<string, string>()

  function hide(name: string, value: string): string {
    const mark = createHmac('sha256', key).update(value).digest('hex').slice(0, 4)
    const shown = `‹${name} ${mark}, ${value.length} characters›`
    if (value.length >= shortestSecret) met.set(value, shown)
    return shown
  }

  function scrub(text: string): string {
    let scrubbed = text
    // The longest first: one secret may be a part of another.
    for (const [secret, shown] of [...met].sort(([a], [b]) => b.length - a.length)) {
      scrubbed = scrubbed.replaceAll(secret, shown).replaceAll(encodeURIComponent(secret), shown)
    }
    return scrubbed
  }

  function parameters(text: string): string {
    return [...new URLSearchParams(text)]
      .map(([name, value]) => `${name}=${secretNames.has(name) ? hide(name, value) : encode(value)}`)
      .join('&')
  }

  function hideIn(value: unknown, names: ReadonlySet<string>): unknown {
    if (Array.isArray(value)) return value.map((item) => hideIn(item, names))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        names.has(name) && typeof item === 'string' ? hide(name, item) : hideIn(item, names),
      ]),
    )
  }

  return {
    header(name, value) {
      const lower = name.toLowerCase()
      if (lower === 'location') return this.url(value)
      if (!secretHeaders.has(lower)) return scrub(value)
      const [, scheme, rest] = /^(Bearer|DPoP|Basic) (.+)$/i.exec(value) ?? []
      return scheme === undefined || rest === undefined
        ? hide(lower, value)
        : `${scheme} ${hide(scheme.toLowerCase() === 'basic' ? 'credentials' : 'access_token', rest)}`
    },
    url(text) {
      const url = URL.parse(text)
      if (!url) return scrub(text)
      const query = url.search === '' ? '' : `?${parameters(url.search)}`
      const fragment = url.hash === '' ? '' : `#${parameters(url.hash.slice(1))}`
      const bare = new URL(url.href)
      bare.search = ''
      bare.hash = ''
      bare.username = ''
      bare.password = ''
      return scrub(`${bare.href}${query}${fragment}`)
    },
    form: (text) => scrub(parameters(text).replaceAll('&', '\n&')),
    body(text, ofOAuth) {
      try {
        const shown = hideIn(JSON.parse(text), ofOAuth ? secretNames : alwaysSecret)
        return scrub(JSON.stringify(shown, undefined, 2))
      } catch {
        return scrub(text)
      }
    },
    scrub,
  }
}

function encode(value: string): string {
  return encodeURIComponent(value).replaceAll('%20', ' ').replaceAll('%3A', ':').replaceAll('%2F', '/')
}
