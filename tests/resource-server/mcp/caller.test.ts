import { describe, expect, it } from '@jest/globals'
import { callerOf, displayName } from '../../../resource-server/mcp/caller.ts'

const issuer = 'https://issuer.example'
const authInfo = {
  token: 'canary-secret',
  clientId: 'test-client',
  scopes: ['read'],
  expiresAt: 1_800_000_000,
}

describe('callerOf', () => {
  it('is who the token speaks for, without the token', () => {
    const caller = callerOf({ ...authInfo, extra: { issuer, subject: 'a1', username: 'alice' } })
    expect(caller).toEqual({
      issuer,
      subject: 'a1',
      username: 'alice',
      clientId: 'test-client',
      scopes: ['read'],
      expiresAt: 1_800_000_000,
    })
    expect(JSON.stringify(caller)).not.toContain('canary')
  })

  it('is the client itself when the token names no subject', () => {
    const caller = callerOf({ ...authInfo, extra: { issuer, subject: undefined, username: undefined } })
    expect(caller.subject).toBe('test-client')
    expect(caller).not.toHaveProperty('username')
  })
})

describe('displayName', () => {
  it('is the user name, or the subject where there is none', () => {
    const caller = { issuer, subject: 'a1', clientId: 'c', scopes: [] }
    expect(displayName({ ...caller, username: 'alice' })).toBe('alice')
    expect(displayName(caller)).toBe('a1')
  })
})
