/**
 * Whether an endpoint is the issuer's: at its origin, and below its path, since one origin may have many tenants. An
 * endpoint above the tenants is shared by them; then the codes must go to one beside it.
 * @param tokenEndpoint where the issuer's codes are redeemed
 */
export function isEndpointOf(issuer: string, endpoint: string, tokenEndpoint: string): boolean {
  const [home, at, token] = [new URL(issuer), URL.parse(endpoint), URL.parse(tokenEndpoint)]
  if (at?.origin !== home.origin) return false
  const tenant = tenantOf(home)
  if (tenant.length === 0) return true
  // Servers differ in what they make of these.
  if ([home, at].some(({ pathname }) => /%2f|%5c|%25|;|\\|\.\./i.test(pathname))) return false
  const [path, folder] = [segmentsOf(at), segmentsOf(at).slice(0, -1)]
  if (begins(path, tenant)) return true
  const isShared = begins(tenant, folder) && token !== null && !begins(segmentsOf(token), tenant)
  return isShared && isBeside(endpoint, tokenEndpoint)
}

/** The issuer's path, without the version that ends it at Microsoft: …/TENANT/v2.0. */
function tenantOf(issuer: URL): readonly string[] {
  const path = segmentsOf(issuer)
  return path.length > 1 && /^v\d+(\.\d+)*$/.test(path.at(-1) ?? '') ? path.slice(0, -1) : path
}

/** The parts of a path. */
export function segmentsOf({ pathname }: URL): readonly string[] {
  return pathname.split('/').filter((segment) => segment !== '')
}

function begins(path: readonly string[], start: readonly string[]): boolean {
  return start.every((segment, index) => path[index] === segment)
}

function isBeside(first: string, second: string): boolean {
  const [a, b] = [URL.parse(first), URL.parse(second)]
  if (!a || !b || a.origin !== b.origin) return false
  const folder = (url: URL) => segmentsOf(url).slice(0, -1).join('/')
  return folder(a) === folder(b)
}
