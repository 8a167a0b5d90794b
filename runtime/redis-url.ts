/** Where a Redis, Valkey or Sentinel listens. */
export interface RedisNode {
  readonly host: string
  readonly port: number
}

/** What a URL says about a Redis. */
export interface RedisTarget {
  /** The server; with `sentinel` the Sentinels. */
  readonly nodes: readonly RedisNode[]
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
  readonly database: number
  readonly sentinel?: RedisSentinelTarget
}

/** How the Sentinels are asked for the primary. */
export interface RedisSentinelTarget {
  /** What the Sentinels call the primary, such as `mymaster`. */
  readonly name: string
  readonly username?: string
  readonly password?: string
}

/** The forms that {@link parseRedisUrl} reads. */
export const redisUrlPattern = /^(?:rediss?|valkey)(?:\+sentinel)?:\/\/./

const sentinelForm = 'redis+sentinel://USER:PASSWORD@HOST:26379,HOST:26379/NAME/0'

/**
 * Reads `redis://USER:PASSWORD@HOST:PORT/DATABASE` (`rediss:` with TLS; `valkey:` is the same as `redis:`), or
 * `redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/NAME/DATABASE`, whose query may hold `sentinel_username` and
 * `sentinel_password`.
 * @throws Error that says the form, and nothing of the URL
 */
export function parseRedisUrl(text: string): RedisTarget {
  const [scheme = ''] = text.split('://')
  const viaSentinel = scheme.endsWith('+sentinel')
  // WHATWG URLs have one host: the others are read apart.
  const hosts = viaSentinel ? hostsOf(text) : []
  const url = parseUrl(viaSentinel ? withFirstHost(text, hosts) : text)
  const segments = url.pathname.split('/').slice(1)
  const name = viaSentinel ? segments.shift() : undefined
  const [database = ''] = segments
  if (!/^\d*$/.test(database) || segments.length > 1) throw new Error('its URL names no database by a number')
  if (viaSentinel && !name) throw new Error(`its URL names no primary: write ${sentinelForm}`)
  return {
    nodes: viaSentinel
      ? hosts.map((host) => nodeOf(parseUrl(`redis://${host}`), 26_379))
      : [nodeOf(url, 6379)],
    tls: scheme.startsWith('rediss'),
    ...credentials(url.username, url.password),
    database: Number(database),
    ...(name && {
      sentinel: {
        name: decodeURIComponent(name),
        ...credentials(
          url.searchParams.get('sentinel_username'),
          encodeURIComponent(url.searchParams.get('sentinel_password') ?? ''),
        ),
      },
    }),
  }
}

function parseUrl(text: string): URL {
  // The error of URL quotes the whole text, passwords included.
  if (!URL.canParse(text)) {
    throw new Error('its URL cannot be read: encode special characters of the password, such as %2F for /')
  }
  return new URL(text)
}

function authorityOf(text: string): string {
  return /:\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(text)?.[1] ?? ''
}

function hostsOf(text: string): readonly string[] {
  return authorityOf(text).split(',').filter(Boolean)
}

function withFirstHost(text: string, [first = '']: readonly string[]): string {
  return text.replace(/(:\/\/(?:[^/?#]*@)?)[^/?#]*/, `$1${first}`)
}

function nodeOf({ hostname, port }: URL, defaultPort: number): RedisNode {
  return { host: hostname.replace(/^\[|\]$/g, '') || 'localhost', port: Number(port || defaultPort) }
}

function credentials(username: string | null, password: string): { username?: string; password?: string } {
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  }
}
