import { type AddressScope, isAtLeast, scopeOfHost } from '../runtime/address-scope.ts'
import { ClientFailure, exitStatus } from './failure.ts'

/**
 * Refuses a URL whose host needs no resolver to be known as less public than the server that named it: an address, or
 * a name of this machine. Where other names lead is judged when they are connected to.
 * @param namedBy the URL of the server or document that named it. Its own name is taken for one of a private network
 * @throws ClientFailure when it may not
 */
export function requireNameable(url: URL, namedBy: string): void {
  const scope = scopeOfHost(url.hostname)
  const limit = scopeOfHost(new URL(namedBy).hostname) ?? 'private'
  if (scope !== undefined && !isAtLeast(scope, limit)) throw notNameable(url, namedBy, scope)
}

const places: Readonly<Record<AddressScope, string>> = {
  special: 'at an address that no server can have',
  loopback: 'on this machine',
  'link-local': 'on this network segment',
  private: 'on a private network',
  public: 'on the Internet',
}

/** Says who named what, and why nothing was sent there. */
export function notNameable(url: URL, namedBy: string, scope: AddressScope): ClientFailure {
  return new ClientFailure(`${namedBy} refers to ${url.origin}, which is ${places[scope]}.`, {
    status: exitStatus.signIn,
    hint: 'Nothing was sent to it: a server may refer only to networks that are at least as public as its own. If it is an authorization server that you trust, set ISSUER to it.',
  })
}
