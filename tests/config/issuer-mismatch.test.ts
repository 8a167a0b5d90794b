import { describe, expect, it } from '@jest/globals'
import { issuerMismatch } from '../../config/index.ts'

describe('advice on a document that is another issuer’s', () => {
  it.each([
    [
      'https://id.example.com/',
      'https://id.example.com',
      /^set ISSUER=https:\/\/id\.example\.com, without the slash/,
    ],
    [
      'https://id.example.com',
      'https://id.example.com/',
      /^set ISSUER=https:\/\/id\.example\.com\/, with the slash/,
    ],
    ['https://inside:8443/realms/a', 'https://id.example.com/realms/a', /the server’s own public address/],
    [
      'https://id.example.com/a',
      'https://id.example.com/b',
      /^set ISSUER=\S+\/b if that is the one you mean$/,
    ],
    ['https://id.example.com', 'https://id.example.com/{tenantid}/v2.0', /is a template .* into ISSUER$/],
    ['https://id.example.com', undefined, /names no issuer/],
    ['https://id.example.com', 'no URL', /^set ISSUER=no URL if that is the one you mean$/],
  ])('for %s, where it names %s', (issuer, named, advice) => {
    expect(issuerMismatch(issuer, named)).toMatch(advice)
  })
})
