import { describe, expect, it } from '@jest/globals'
import { lifetimes, refreshTokenLifetime, sessionLifetime } from '../../provider/lifetimes.ts'

const day = 86_400

describe('refreshTokenLifetime', () => {
  it.each([
    ['30 days at first', 0, 30 * day],
    ['30 days after 59 days of use', 59 * day, 30 * day],
    ['what is left of 90 days', 89 * day, day],
    ['no more than a second after 90 days', 90 * day, 1],
    ['no more than a second after longer', 120 * day, 1],
  ])('gives %s', (_what, age, expected) => {
    expect(refreshTokenLifetime(age)).toBe(expected)
  })
})

describe('sessionLifetime', () => {
  it.each([
    ['a day at first', 0, day],
    ['a day after 29 days of use', 29 * day, day],
    ['what is left of 30 days', 29.5 * day, day / 2],
    ['no more than a second after 30 days', 30 * day, 1],
  ])('gives %s', (_what, age, expected) => {
    expect(sessionLifetime(age)).toBe(expected)
  })
})

describe('lifetimes', () => {
  it('keep grants longer than the refresh tokens that stand on them', () => {
    expect(lifetimes.grant).toBeGreaterThan(lifetimes.refreshTokenAbsolute)
  })
})
