/** Where an issuer's metadata may be, in the order that MCP prescribes: RFC 8414, then OpenID Connect Discovery. */
export function wellKnownUrls(issuer: string): readonly URL[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `/.well-known/oauth-authorization-server${path}`,
    ...(path === '' ? [] : [`/.well-known/openid-configuration${path}`]),
    `${path}/.well-known/openid-configuration`,
  ].map((url) => new URL(url, origin))
}
