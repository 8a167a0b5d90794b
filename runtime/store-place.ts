import { parseRedisUrl, redisUrlPattern } from './redis-url.ts'

/** Names the place of a store in messages: scheme and hosts, never a user name or password. */
export function storePlace(url: string): string {
  const scheme = `${url.split(':')[0]}:`
  try {
    const hosts = redisUrlPattern.test(url)
      ? parseRedisUrl(url).nodes.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
      : [new URL(url).host]
    return `${scheme}//${hosts.join(',')}`
  } catch {
    return `${scheme}//…`
  }
}
