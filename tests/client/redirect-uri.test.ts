import { describe, expect, it } from '@jest/globals'
import { chooseRedirectUri, isRedirectUriOf, redirectUriOf } from '../../client/redirect-uri.ts'

const issuer = 'https://id.example'
const wanted = 'http://127.0.0.1/callback'
const own = redirectUriOf(issuer, wanted)

describe('the redirect URI of an issuer', () => {
  it('is the wanted one with a segment that no other issuer has, be it for a slash', () => {
    expect(own).toMatch(/^http:\/\/127\.0\.0\.1\/callback\/[\w-]{22}$/)
    expect(redirectUriOf(`${issuer}/`, wanted)).not.toBe(own)
    expect(redirectUriOf(issuer, wanted)).toBe(own)
    expect(redirectUriOf(issuer, 'http://localhost:8765/')).toMatch(/^http:\/\/localhost:8765\/[\w-]{22}$/)
  })

  it.each([
    [true, own.replace('127.0.0.1', '127.0.0.1:4000')],
    [false, redirectUriOf('https://evil.example', wanted)],
    [false, wanted],
    [false, own.replace('127.0.0.1', 'localhost')],
    [false, undefined],
  ])('is recognised on any port: %s, %s', (expected, uri) => {
    expect(isRedirectUriOf(issuer, wanted, uri)).toBe(expected)
  })

  it.each([
    ['a client that registers now', { isNew: true }, own],
    ['a client registered by hand', {}, wanted],
    [
      'a registration with the own one, port and all',
      { registered: `${own.replace('127.0.0.1', '127.0.0.1:4000')}` },
      own.replace('127.0.0.1', '127.0.0.1:4000'),
    ],
    [
      'a registration of an earlier version',
      { registered: 'http://127.0.0.1:4000/callback' },
      'http://127.0.0.1:4000/callback',
    ],
    ['a registration at another host', { registered: 'http://localhost:4000/callback' }, wanted],
    [
      'a fixed port',
      { isNew: true, wanted: 'http://127.0.0.1:8765/callback' },
      own.replace('127.0.0.1', '127.0.0.1:8765'),
    ],
    ['no URL', { isNew: true, wanted: 'nonsense' }, 'nonsense'],
  ])('is chosen for %s', (_, options, expected) => {
    expect(chooseRedirectUri({ issuer, wanted, isNew: false, ...options })).toBe(expected)
  })
})
