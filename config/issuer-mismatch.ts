/**
 * What to change when a metadata document is another issuer's (RFC 8414 §3.3). The document proves nothing about who
 * wrote it: this is advice for the operator, and nothing follows it by itself.
 * @param issuer what was asked for
 * @param named the document's `issuer`, untrusted; undefined when it has none
 */
export function issuerMismatch(issuer: string, named: string | undefined): string {
  if (named === undefined) return 'the document names no issuer: it is no metadata of an authorization server'
  if (named.includes('{')) {
    return `the document is a template (${named}): put a tenant’s own name or number into ISSUER`
  }
  if (withoutSlash(named) === withoutSlash(issuer)) {
    const how = named.endsWith('/') ? 'with the slash at the end' : 'without the slash at the end'
    return `set ISSUER=${named}, ${how}: it is compared byte for byte`
  }
  const [asked, found] = [URL.parse(issuer), URL.parse(named)]
  const samePath = asked && found && withoutSlash(asked.pathname) === withoutSlash(found.pathname)
  const orThere = samePath ? ', or set the server’s own public address to what ISSUER says' : ''
  return `set ISSUER=${named} if that is the one you mean${orThere}`
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, '')
}
