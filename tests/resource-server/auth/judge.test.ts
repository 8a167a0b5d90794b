import { describe, expect, it } from '@jest/globals'
import { judge } from '../../../resource-server/auth/judge.ts'

const now = Date.parse('2026-01-01T00:00:00Z')
const exp = now / 1000 + 60
const expected = {
  issuer: 'https://issuer.example',
  resource: 'https://mcp.example/mcp',
  acceptedAudiences: ['https://mcp.example/mcp', 'api://mcp'],
  now: () => now,
}
const claims = {
  iss: expected.issuer,
  aud: expected.resource,
  sub: 'alice',
  username: 'Alice',
  client_id: 'test-client',
  scope: 'read write',
  exp,
}
const verdictOf = (changes: Readonly<Record<string, unknown>>, toleranceSeconds = 0) =>
  judge('token', { ...claims, ...changes }, expected, toleranceSeconds)
const refusalOf = (changes: Readonly<Record<string, unknown>>) => verdictOf(changes).refusal

describe('a token that is good', () => {
  it('says who calls, with what, until when', () => {
    expect(verdictOf({}).authInfo).toEqual({
      clientId: 'test-client',
      scopes: ['read', 'write'],
      expiresAt: exp,
      resource: new URL(expected.resource),
      extra: { issuer: expected.issuer, subject: 'alice', username: 'Alice', keyThumbprint: undefined },
    })
  })

  it.each([
    ['one of several', ['https://other.example', expected.resource]],
    ['another accepted one', 'api://mcp'],
  ])('may have as its audience %s', (_, aud) => {
    expect(verdictOf({ aud }).refusal).toBeUndefined()
  })

  it('need not name its issuer when the issuer itself answers', () => {
    expect(verdictOf({ iss: undefined }).authInfo?.extra).toMatchObject({ issuer: expected.issuer })
  })

  it.each([
    ['preferred_username', { username: undefined, preferred_username: 'a' }, 'a'],
    ['email', { username: undefined, email: 'a@b.example' }, 'a@b.example'],
    ['nothing that is text', { username: 7 }, undefined],
  ])('calls its user by %s', (_, changes, username) => {
    expect(verdictOf(changes).authInfo?.extra).toMatchObject({ username })
  })

  it.each([
    ['azp', { client_id: undefined, azp: 'a' }, 'a'],
    ['cid', { client_id: undefined, cid: 'c' }, 'c'],
    ['nothing', { client_id: undefined }, ''],
  ])('finds its client in %s', (_, changes, clientId) => {
    expect(verdictOf(changes).authInfo?.clientId).toBe(clientId)
  })

  it.each(['access_token', 'access'])('may be called one: token_use %s', (token_use) => {
    expect(verdictOf({ token_use }).refusal).toBeUndefined()
  })

  it('takes the key that it is bound to along', () => {
    const { authInfo } = verdictOf({ cnf: { jkt: 'thumbprint' }, token_type: 'DPoP' })
    expect(authInfo?.extra).toMatchObject({ keyThumbprint: 'thumbprint' })
  })
})

describe('a token is refused', () => {
  it.each(['refresh_token', 'id', '', 7, null])(
    'when it is not an access token: token_use %j',
    (token_use) => {
      expect(refusalOf({ token_use })).toEqual({
        reason: 'not_an_access_token',
        detail: `token_use ${token_use}`,
      })
    },
  )

  it.each([
    'https://issuer.example/',
    'https://ISSUER.example',
    'http://issuer.example',
    'https://issuer.example.evil.example',
    '',
    7,
    null,
  ])('when another issuer made it: %j', (iss) => {
    expect(refusalOf({ iss })).toEqual({ reason: 'issuer', issuer: String(iss) })
  })

  it.each([
    ['a path below', 'https://mcp.example/mcp/'],
    ['a sibling', 'https://mcp.example/mcp2'],
    ['the origin', 'https://mcp.example'],
    ['another port', 'https://mcp.example:8443/mcp'],
    ['another scheme', 'http://mcp.example/mcp'],
    ['another case', 'https://mcp.example/MCP'],
    ['a prefix', 'https://mcp.example/mc'],
    ['two in one string', 'https://mcp.example/mcp https://other.example'],
    ['others', ['https://other.example', 'api://other']],
    ['none', undefined],
    ['an empty list', []],
    ['a list in a list', [['https://mcp.example/mcp']]],
    ['an object', { 0: 'https://mcp.example/mcp' }],
    ['null', null],
  ])('34: when its audience is %s', (_, aud) => {
    expect(refusalOf({ aud })).toMatchObject({ reason: 'audience' })
  })

  it.each([
    ['absent', undefined],
    ['a string', String(exp)],
    ['NaN', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['null', null],
    ['an array', [exp]],
  ])('when its exp is %s', (_, value) => {
    expect(refusalOf({ exp: value })).toEqual({ reason: 'no_expiry' })
  })

  it('from the second of its exp on', () => {
    const seconds = now / 1000
    expect(refusalOf({ exp: seconds })).toEqual({ reason: 'expired', exp: seconds, now: seconds })
    expect(refusalOf({ exp: seconds + 1 })).toBeUndefined()
  })

  it('after its exp and the tolerance for clocks', () => {
    const seconds = now / 1000
    expect(verdictOf({ exp: seconds - 14 }, 15).refusal).toBeUndefined()
    expect(verdictOf({ exp: seconds - 15 }, 15).refusal).toMatchObject({ reason: 'expired' })
  })

  it.each([
    ['a certificate', { 'x5t#S256': 'x' }],
    ['a key and a certificate', { jkt: 'x', 'x5t#S256': 'x' }],
    ['a key that is no text', { jkt: 5 }],
    ['an empty key', { jkt: '' }],
    ['nothing that is named', {}],
    ['a string', 'jkt'],
    ['an array', ['jkt']],
    ['null', null],
  ])('23: when it is bound to %s', (_, cnf) => {
    expect(refusalOf({ cnf })).toMatchObject({ reason: 'confirmation' })
  })

  it.each(['DPoP', 'mac', 'N_A', 'refresh_token'])(
    '23: when it is of type %s and bound to nothing',
    (token_type) => {
      expect(refusalOf({ token_type })).toMatchObject({ reason: 'confirmation' })
    },
  )

  it.each(['Bearer', 'bearer', 'BEARER', undefined])('but not for the type %s', (token_type) => {
    expect(refusalOf({ token_type })).toBeUndefined()
  })
})
