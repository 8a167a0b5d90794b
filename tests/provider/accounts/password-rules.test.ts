import { describe, expect, it } from '@jest/globals'
import { passwordProblem } from '../../../provider/accounts/password-rules.ts'

describe('passwordProblem', () => {
  it.each([
    'correct horse battery staple',
    'four random words',
    'паштет по-деревенски',
    '🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦🐤🦆',
    'xxx marks the spot',
    'password manager made: q8#kd',
  ])('takes %s', (password) => {
    expect(passwordProblem(password, 'carol')).toBeUndefined()
  })

  it.each([
    ['fourteen char.', /shorter than 15/],
    // Fifteen letters that are composed of twenty-nine parts are fifteen characters, and fourteen are not.
    ['é'.normalize('NFD').repeat(14), /shorter than 15/],
    [`${'a'.repeat(15)}\n`, /control characters/],
    ['x'.repeat(257), /longer than 256/],
    ['aaaaaaaaaaaaaaaa', /guessed first/],
    ['abcdabcdabcdabcd', /guessed first/],
    ['passwordpassword', /guessed first/],
    ['Password1234567!', /guessed first/],
    ['123456789012345', /guessed first/],
    ['qwertyuiopasdfgh', /guessed first/],
    ['gatehouse-carol-2026', /guessed first/],
  ])('does not take %j', (password, problem) => {
    expect(passwordProblem(password, 'Carol')).toMatch(problem)
  })
})
