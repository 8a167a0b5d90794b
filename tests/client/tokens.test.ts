import { describe, expect, it } from '@jest/globals'
import { missingScopes, parseScope, unionOfScopes } from '../../client/scopes.ts'
import { isExpired } from '../../client/tokens.ts'

describe('isExpired', () => {
  it.each([
    [1_011, false],
    [1_010, true],
    [1_000, true],
    [undefined, false],
  ])('at 1000, for tokens that expire at %p: %p', (expiresAt, expired) => {
    expect(isExpired({ expiresAt }, 1_000)).toBe(expired)
  })
})

describe('scopes', () => {
  it('are read from a scope string, each once', () => {
    expect(parseScope(' read  write read ')).toEqual(['read', 'write'])
    expect(parseScope('')).toEqual([])
  })

  it('are united in the order in which they came', () => {
    expect(unionOfScopes(['b', 'a'], ['a', 'c'])).toEqual(['b', 'a', 'c'])
  })

  it('are missing when they are wanted and not held', () => {
    expect(missingScopes(['a'], ['a', 'b'])).toEqual(['b'])
  })
})
