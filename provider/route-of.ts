/** What this server answers, by the first part of the path. */
const routes = new Map(
  [
    'authorize',
    'token',
    'introspect',
    'revoke',
    'register',
    'par',
    'userinfo',
    'jwks',
    'device',
    'interaction',
    'account',
    'logout',
    '.well-known',
  ].map((segment) => [segment, segment === '.well-known' ? 'metadata' : segment]),
)

/**
 * The name that a path is counted under: one of few, whatever callers make up.
 * @returns such as `token`; `home` for the root; `other` for what is not known
 */
export function routeOf(path: string): string {
  if (path === '/') return 'home'
  return routes.get(path.split('/', 2)[1] ?? '') ?? 'other'
}
