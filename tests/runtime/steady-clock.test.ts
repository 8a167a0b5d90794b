import { describe, expect, it, jest } from '@jest/globals'
import { createSteppedBack, steadyNow } from '../../runtime/steady-clock.ts'

describe('steadyNow', () => {
  it('does not follow the system’s clock when that is set', () => {
    const before = steadyNow()
    const set = jest.spyOn(Date, 'now').mockReturnValue(0)
    try {
      expect(steadyNow()).toBeGreaterThanOrEqual(before)
    } finally {
      set.mockRestore()
    }
  })
})

describe('createSteppedBack', () => {
  it('tells each step back once, and no ordinary correction or step forward', () => {
    let clock = 1_000_000
    let steady = 0
    const steppedBack = createSteppedBack(
      () => clock,
      () => steady,
    )
    const stepped = (elapsed: number, correction: number) => {
      steady += elapsed
      clock += elapsed + correction
      return steppedBack()
    }
    expect(stepped(60_000, 0)).toBe(false)
    expect(stepped(60_000, -30_000)).toBe(false)
    expect(stepped(1, -3_600_000)).toBe(true)
    expect(stepped(1, 0)).toBe(false)
    expect(stepped(1, 3_600_000)).toBe(false)
    expect(stepped(1, -3_600_000)).toBe(true)
  })
})
