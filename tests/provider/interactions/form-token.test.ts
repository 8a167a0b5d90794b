import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createFormTokens } from '../../../provider/interactions/form-token.ts'

describe('createFormTokens', () => {
  const formTokens = createFormTokens(randomBytes(32))
  const token = formTokens.create('interaction')

  it('verifies its own token', () => {
    expect(formTokens.verify('interaction', token)).toBe(true)
  })

  it.each([
    ['another interaction’s', formTokens.create('other')],
    ['another server’s', createFormTokens(randomBytes(32)).create('interaction')],
    ['a shortened', token.slice(0, -4)],
    ['a prolonged', `${token}AAAA`],
    ['an empty', ''],
  ])('refuses %s token', (_what, other) => {
    expect(formTokens.verify('interaction', other)).toBe(false)
  })
})
