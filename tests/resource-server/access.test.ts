import { describe, expect, it } from '@jest/globals'
import { type Access, anyToken, guard, publicAccess, scopes } from '../../resource-server/access.ts'

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

  it('checks nothing that is public, and says so', () => {
    expect(guard('public')).toEqual({ _meta: { securitySchemes: [{ type: 'noauth' }] } })
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

  it('35: have a check wherever a token is needed', () => {
    expect(publicAccess().scopeChallenge).toBeUndefined()
    expect(anyToken('read').scopeChallenge).toBeDefined()
    expect(scopes('read').scopeChallenge).toBeDefined()
  })
})
