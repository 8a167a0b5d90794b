import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { createAuthInfo } from '../../../resource-server/auth/auth-info.ts'

const token = 'canary-4f1c'
const claims = {
  issuer: 'https://issuer.example',
  subject: 'alice',
  username: 'Alice',
  clientId: 'test-client',
  scopes: ['read', 'write'],
  expiresAt: 1_800_000_000,
  keyThumbprint: undefined,
}
const authInfo = createAuthInfo(token, claims, 'https://mcp.example/mcp')

describe('createAuthInfo', () => {
  it('says who calls, with which client and what for', () => {
    expect(authInfo).toEqual({
      clientId: 'test-client',
      scopes: ['read', 'write'],
      expiresAt: 1_800_000_000,
      resource: new URL('https://mcp.example/mcp'),
      extra: { issuer: 'https://issuer.example', subject: 'alice', username: 'Alice' },
    })
  })

  it('is frozen to its scopes, because requests share it', () => {
    expect(() => (authInfo.scopes as string[]).push('admin')).toThrow(TypeError)
    expect(() => Object.assign(authInfo, { scopes: ['admin'] })).toThrow(TypeError)
    expect(() => Object.assign(authInfo.extra as object, { subject: 'admin' })).toThrow(TypeError)
    expect(() => Object.assign(authInfo, { token: 'another' })).toThrow(TypeError)
  })

  it('does not follow changes of what it was made of', () => {
    const scopes = ['read']
    const made = createAuthInfo(token, { ...claims, scopes }, 'https://mcp.example/mcp')
    scopes.push('admin')
    expect(made.scopes).toEqual(['read'])
  })

  it('51: gives its token to who asks for it by name, and to nothing that copies or prints it', () => {
    expect(authInfo.token).toBe(token)
    expect(Object.keys(authInfo)).not.toContain('token')
    expect(JSON.stringify(authInfo)).not.toContain(token)
    expect(JSON.stringify({ ...authInfo })).not.toContain(token)
    expect(inspect(authInfo, { depth: null })).not.toContain(token)
  })
})
