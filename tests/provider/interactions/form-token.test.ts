import { describe, expect, it } from '@jest/globals'
import { createFormTokens } from '../../../provider/interactions/form-token.ts'

describe('createFormTokens', () => {
  const formTokens = createFormTokens(['a-secret', 'an-older-secret'])
  const token = formTokens.create('interaction')

  it('verifies its own token', () => {
    expect(formTokens.verify('interaction', token)).toBe(true)
  })

  it('verifies a token that was made while another secret was the newest', () => {
    const older = createFormTokens(['an-older-secret']).create('interaction')
    expect(formTokens.verify('interaction', older)).toBe(true)
    expect(older).not.toBe(token)
  })

  it.each([
    ['another interaction’s', formTokens.create('other')],
    ['another server’s', createFormTokens(['another-secret']).create('interaction')],
    ['a shortened', token.slice(0, -4)],
    ['a prolonged', `${token}AAAA`],
    ['an empty', ''],
  ])('refuses %s token', (_what, other) => {
    expect(formTokens.verify('interaction', other)).toBe(false)
  })
})
