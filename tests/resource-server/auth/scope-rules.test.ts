import { describe, expect, it } from '@jest/globals'
import { scopesOf } from '../../../resource-server/auth/scope-rules.ts'

describe('scopesOf', () => {
  it.each([
    ['a scope string (RFC 7662 §2.2)', { scope: 'read write' }, ['read', 'write']],
    ['an array in scope', { scope: ['read', 'write'] }, ['read', 'write']],
    ['scp as a string', { scp: 'read write' }, ['read', 'write']],
    ['scp as an array', { scp: ['read', 'write'] }, ['read', 'write']],
    ['scope rather than scp when both are there', { scope: 'read', scp: 'admin' }, ['read']],
    ['superfluous spaces', { scope: '  read   write ' }, ['read', 'write']],
    ['a scope that is named twice once', { scope: 'read read' }, ['read']],
  ])('reads %s', (_, claims, scopes) => {
    expect(scopesOf(claims)).toEqual(scopes)
  })

  it.each([
    ['neither claim is there', {}],
    ['the scope is empty, whatever scp says', { scope: '', scp: 'admin' }],
    ['the scope is a number', { scope: 1 }],
    ['the scope is an object', { scope: { read: true } }],
    ['an array holds no strings', { scope: [1, null, ['admin'], { admin: true }] }],
    ['another claim holds it', { permissions: 'admin', roles: ['admin'] }],
  ])('grants nothing when %s', (_, claims) => {
    expect(scopesOf(claims)).toEqual([])
  })

  it.each(['READ', 'read,write', 'read\twrite', 'read\nadmin', 'readonly'])(
    'does not take %j for the scope read',
    (scope) => {
      expect(scopesOf({ scope })).not.toContain('read')
    },
  )

  it('adds the configured claim', () => {
    const claims = { scope: 'openid', permissions: ['read', 'write'], roles: ['admin'] }
    expect(scopesOf(claims, { claim: 'permissions' })).toEqual(['openid', 'read', 'write'])
  })

  it('translates the words of the issuer, and leaves others as they are', () => {
    const map = { 'mcp.reader': ['read'], 'mcp.editor': ['read', 'write'] }
    expect(scopesOf({ scope: 'mcp.editor openid' }, { map })).toEqual(['read', 'write', 'openid'])
  })

  it('grants what a broader scope implies, over several steps and in circles', () => {
    const implies = { admin: ['write'], write: ['read'], read: ['read'] }
    expect(scopesOf({ scope: 'admin' }, { implies })).toEqual(['admin', 'write', 'read'])
    expect(scopesOf({ scope: 'read' }, { implies })).toEqual(['read'])
  })

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    '48: finds nothing behind the word %s',
    (scope) => {
      const rules = { map: { a: ['read'] }, implies: { b: ['read'] } }
      expect(scopesOf({ scope }, rules)).toEqual([scope])
    },
  )

  it('grants by verified e-mail address and by its domain', () => {
    const rules = { claim: 'email', map: { 'a@example.com': ['write'], '@example.com': ['read'] } }
    const email = 'a@example.com'
    for (const email_verified of [true, 'true']) {
      const scopes = scopesOf({ email, email_verified }, rules)
      expect(scopes).toEqual(['write', 'read'])
    }
    for (const email_verified of [false, 'false', undefined]) {
      expect(scopesOf({ email, email_verified }, rules)).toEqual([])
    }
    expect(scopesOf({ email: 'a@evil.example.com', email_verified: true }, rules)).not.toContain('read')
  })

  it.each([
    ['a quoted local part', '"a admin @example.com b"@evil.example'],
    ['a quote without blanks', '"@example.com"@example.com'],
    ['blanks', 'x admin @example.com'],
    ['several addresses', ['a@example.com']],
    ['an address that is a scope', 'admin'],
  ])('grants nothing by an e-mail address with %s', (_, email) => {
    const rules = { claim: 'email', map: { 'a@example.com': ['write'], '@example.com': ['read'] } }
    expect(scopesOf({ email, email_verified: true }, rules)).toEqual([])
  })
})
