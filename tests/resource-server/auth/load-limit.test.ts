import { describe, expect, it } from '@jest/globals'
import { createLoadLimit } from '../../../resource-server/auth/load-limit.ts'

function setUp() {
  let time = 0
  let busy = 0
  const limit = createLoadLimit({ most: 40, least: 8, busy: () => busy, now: () => time })
  return {
    limit,
    /** What the limit is after so many periods of that load. */
    passing(periods: number, load: number): number {
      busy = load
      for (let index = 0; index < periods; index += 1) {
        time += 100
        limit()
      }
      return limit()
    },
  }
}

describe('createLoadLimit', () => {
  it('allows all while there is time to spare, and halves what may be begun while there is none', () => {
    const { limit, passing } = setUp()
    expect(limit()).toBe(40)
    expect(passing(5, 0.5)).toBe(40)
    expect(passing(1, 0.9)).toBe(20)
    expect(passing(10, 1)).toBe(8)
  })

  it('allows more again, a little at a time', () => {
    const { passing } = setUp()
    passing(10, 1)
    expect(passing(1, 0.2)).toBe(10)
    expect(passing(100, 0.2)).toBe(40)
  })

  it('looks at the load every now and then only', () => {
    const { limit, passing } = setUp()
    passing(1, 1)
    for (let index = 0; index < 100; index += 1) limit()
    expect(limit()).toBe(20)
  })
})
