import type { IssuerStandIn } from './issuer-stand-in.ts'

/** A way of sending a token, or none, and what it really permits. */
export interface CallerKind {
  readonly name: string
  /** The Authorization header; undefined for none. */
  readonly authorization: string | undefined
  /** The token in it, which must never come back. */
  readonly token: string | undefined
  /** The scopes that the caller really has; undefined when it is not let in at all. */
  readonly scopes: readonly string[] | undefined
}

/** Tokens of every kind, issued for the resource. */
export function createCallerKinds(issuer: IssuerStandIn, resource: string): readonly CallerKind[] {
  const past = Math.floor(Date.now() / 1000) - 60
  const kind = (name: string, token: string, scopes?: readonly string[], header = `Bearer ${token}`) => ({
    name,
    token,
    authorization: header,
    scopes,
  })
  const withScope = (scope: string) =>
    kind(`scope "${scope}"`, issuer.issue(resource, { scope }), scope.split(' '))
  const refused = (name: string, answer: Readonly<Record<string, unknown>>) =>
    kind(name, issuer.issue(resource, { scope: 'read write admin', ...answer }))
  const full = issuer.issue(resource, { scope: 'read write admin' })
  const bound = { cnf: { jkt: 'a-thumbprint' }, token_type: 'DPoP' }

  return [
    { name: 'nobody', authorization: undefined, token: undefined, scopes: undefined },
    withScope('read'),
    withScope('write'),
    withScope('read write'),
    withScope('admin'),
    withScope('read write admin'),
    withScope('openid offline_access'),
    withScope('READ Admin write-not'),
    refused('revoked', { active: false }),
    refused('expired', { exp: past }),
    refused('of another audience', { aud: `${resource}2` }),
    refused('without an audience', { aud: undefined }),
    refused('of another issuer', { iss: 'https://evil.example' }),
    refused('without an expiry', { exp: undefined }),
    refused('bound to a key, as Bearer', bound),
    refused('bound to a certificate', { cnf: { 'x5t#S256': 'x' } }),
    kind('unknown to the issuer', 'garbage-token'),
    kind('unbound, as DPoP', full, undefined, `DPoP ${full}`),
    kind('after another', full, undefined, `Bearer garbage ${full}`),
    kind('before another', full, undefined, `Bearer ${full}, Bearer garbage`),
    kind('as Basic', full, undefined, `Basic ${full}`),
    kind('alone', full, undefined, full),
  ]
}
