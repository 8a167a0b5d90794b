import { describe, expect, it } from '@jest/globals'
import { parseCredentials } from '../../../resource-server/auth/credentials.ts'

describe('parseCredentials', () => {
  it('finds no credentials where there is no header', () => {
    expect(parseCredentials(null)).toEqual({ kind: 'none' })
  })

  it.each([
    ['a plain token', 'Bearer abc123', 'abc123'],
    ['every character of a b64token', 'Bearer aZ09-._~+/==', 'aZ09-._~+/=='],
    ['a scheme in any case (RFC 9110 §11.1)', 'bEARER abc', 'abc'],
    ['several spaces between scheme and token', 'Bearer   abc', 'abc'],
    ['a JWT', 'Bearer eyJh.eyJz.c2ln', 'eyJh.eyJz.c2ln'],
  ])('reads %s', (_, header, token) => {
    expect(parseCredentials(header)).toEqual({ kind: 'bearer', token })
  })

  it.each([
    ['two tokens', 'Bearer a b'],
    ['two headers, joined by a comma', 'Bearer abc, Bearer def'],
    ['two headers of which the second has another scheme', 'Bearer abc, Basic Zm9v'],
    ['a comma after the token', 'Bearer abc,'],
    ['a parameter after the token', 'Bearer abc, realm="x"'],
    ['an empty header', ''],
    ['spaces alone', '   '],
    ['the scheme alone', 'Bearer'],
    ['the scheme and a space', 'Bearer '],
    ['a token without a scheme', 'abc123'],
    ['no space after the scheme', 'Bearerabc'],
    ['a tab after the scheme', 'Bearer\tabc'],
    ['a line break in the token', 'Bearer abc\ndef'],
    ['padding inside the token', 'Bearer ab=cd'],
    ['quotes around the token', 'Bearer "abc"'],
    ['a colon in the token', 'Bearer abc:def'],
    ['characters outside ASCII', 'Bearer tökén'],
    ['a letter that only looks like ASCII', 'Bearer аbc'],
    ['NUL', 'Bearer abc\0'],
    ['Basic', 'Basic YWxpY2U6cGFzc3dvcmQ='],
    ['Digest', 'Digest username="alice"'],
    ['Negotiate', 'Negotiate YII='],
  ])('31: does not guess at %s', (_, header) => {
    expect(parseCredentials(header)).toMatchObject({ kind: 'malformed' })
  })

  it('refuses a header of 10 kB as too long and reads one of 8,000 characters', () => {
    expect(parseCredentials(`Bearer ${'a'.repeat(10_000)}`)).toEqual({
      kind: 'malformed',
      detail: 'The Authorization header is too long.',
    })
    const token = 'a'.repeat(8000)
    expect(parseCredentials(`Bearer ${token}`)).toEqual({ kind: 'bearer', token })
  })

  it('judges a long hostile header without backtracking', () => {
    const started = performance.now()
    parseCredentials(`Bearer ${' '.repeat(4000)}${'='.repeat(4000)}!`)
    expect(performance.now() - started).toBeLessThan(100)
  })

  it('51: repeats nothing of the header in what it says about it', () => {
    const answer = parseCredentials('Bearer canary-secret another-secret')
    expect(JSON.stringify(answer)).not.toContain('secret')
  })
})
