import { describe, expect, it } from '@jest/globals'
import { type Access, accessOf, anyToken, guard, publicAccess, scopes } from '../../resource-server/access.ts'

const token = (...granted: string[]) => ({ token: 't', clientId: 'c', scopes: granted, expiresAt: 1 })

const request = { jsonrpc: '2.0' as const, id: 1, method: 'tools/call', params: { name: 'any' } }

/** What the guard asks for: undefined when it lets the caller in. */
async function judge(access: Access, authInfo?: ReturnType<typeof token>): Promise<unknown> {
  return guard(access).scopeChallenge?.({ request, ...(authInfo && { authInfo }) })
}

describe('guard', () => {
  it('35: refuses a caller without a token, whatever is needed', async () => {
    expect(await judge({ scopes: ['read'] })).toEqual({ scopes: ['read'] })
    expect(await judge({ scopes: ['read', 'admin'] })).toEqual({ scopes: ['read', 'admin'] })
    expect(await judge({ scopes: [] })).toEqual({ scopes: ['read'] })
    expect(await judge({ scopes: [], suggestedScope: 'files' })).toEqual({ scopes: ['files'] })
  })

  it('35: wants all of the scopes, each to the letter', async () => {
    const both = { scopes: ['read', 'write'] }
    expect(await judge(both, token('write', 'other', 'read'))).toBeUndefined()
    for (const granted of [
      [],
      ['read'],
      ['write'],
      ['READ', 'write'],
      ['read write'],
      ['readwrite', 'admin'],
    ]) {
      expect([granted, await judge(both, token(...granted))]).toEqual([granted, both])
    }
  })

  it('lets any token in where none of the scopes is needed', async () => {
    expect(await judge({ scopes: [] }, token())).toBeUndefined()
  })

  it('lets every caller in where the rule is public, and advertises it', async () => {
    expect(await judge('public')).toBeUndefined()
    expect(guard('public')._meta).toEqual({ securitySchemes: [{ type: 'noauth' }] })
  })

  it.each(['', ' ', 'read write', 'read,\nwrite', 'say "hi"', 'back\\slash', 'schön', '\u0000'])(
    'refuses %j, which is not a scope-token (RFC 6749 §3.3) [A35]',
    (scope) => {
      expect(() => scopes(scope)).toThrow(TypeError)
      expect(() => scopes('read', scope)).toThrow('RFC 6749')
      expect(() => anyToken(scope)).toThrow('RFC 6749')
    },
  )

  it('refuses scopes() without a scope, which would let every token in [A35]', () => {
    const none = [] as unknown as [string]
    expect(() => scopes(...none)).toThrow(/at least one scope.*anyToken/)
  })

  it('is known by its check, and not by what its _meta says [A35]', () => {
    expect(accessOf(scopes('read'))).toEqual({ scopes: ['read'] })
    expect(accessOf(publicAccess())).toBe('public')
    expect(accessOf({ ...publicAccess(), ...scopes('read') })).toEqual({ scopes: ['read'] })
    const { _meta } = publicAccess()
    for (const forged of [
      { _meta },
      { _meta, scopeChallenge: () => undefined },
      { _meta, scopeChallenge: 1 },
    ]) {
      expect(accessOf(forged)).toBeUndefined()
    }
  })
})

describe('the guards by name', () => {
  it('say in _meta what they need', () => {
    expect(publicAccess()._meta.securitySchemes).toEqual([{ type: 'noauth' }])
    expect(anyToken('read')._meta.securitySchemes).toEqual([{ type: 'oauth2', scopes: [] }])
    expect(scopes('read', 'write')._meta.securitySchemes).toEqual([
      { type: 'oauth2', scopes: ['read', 'write'] },
    ])
  })
})
