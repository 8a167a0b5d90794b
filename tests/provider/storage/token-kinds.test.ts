import { describe, expect, it } from '@jest/globals'
import { bitsOfRandomness, isOfAnotherKind } from '../../../provider/storage/token-kinds.ts'

const kinds = ['AccessToken', 'RefreshToken', 'ClientCredentials']
/** As oidc-provider makes it: six bits a character. */
const tokenOf = (kind: string) => 'x'.repeat(Math.ceil(bitsOfRandomness(kind) / 6))

describe('the kinds of tokens', () => {
  it('are told apart by their length', () => {
    for (const kind of kinds) {
      expect(kinds.filter((other) => !isOfAnotherKind(other, tokenOf(kind)))).toEqual([kind])
    }
  })

  it('are unguessable, all of them', () => {
    for (const kind of [...kinds, 'AuthorizationCode', 'Session'])
      expect(bitsOfRandomness(kind)).toBeGreaterThanOrEqual(256)
  })

  it('are unknown for any other length, and for what is no token', () => {
    for (const kind of kinds) expect(isOfAnotherKind(kind, 'x'.repeat(43))).toBe(false)
    expect(isOfAnotherKind('Grant', tokenOf('AccessToken'))).toBe(false)
  })
})
