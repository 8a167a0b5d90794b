import { expect, it } from '@jest/globals'
import { createBodyBudget } from '../../runtime/body-budget.ts'

const kib = 1024
const budget = () =>
  createBodyBudget({
    totalBytes: 160 * kib,
    anonymousBytes: 96 * kib,
    networkBytes: 48 * kib,
    callerBytes: 96 * kib,
  })

function holder(key: string, anonymous: boolean) {
  return {
    key,
    anonymous,
    isCut: false,
    cut() {
      this.isCut = true
    },
  }
}

it('cuts the oldest body of a network that takes more than its share, and no other network’s', () => {
  const { take } = budget()
  const other = holder('192.0.2.9', true)
  take(other)
  const bodies = Array.from({ length: 5 }, () => holder('192.0.2.1', true))
  for (const body of bodies) expect(take(body)).toBeDefined()
  expect(bodies.map(({ isCut }) => isCut)).toEqual([true, true, false, false, false])
  expect(other.isCut).toBe(false)
})

it('cuts anonymous bodies for a caller with a token, and then those of the caller that takes most', () => {
  const bounded = budget()
  const strangers = Array.from({ length: 6 }, (_, index) => holder(`192.0.2.${index}`, true))
  for (const stranger of strangers) bounded.take(stranger)
  const first = holder('alice', false)
  const alice = bounded.take(first)
  expect(alice?.grow(90 * kib)).toBe(true)
  expect(strangers.some(({ isCut }) => isCut)).toBe(true)
  const bob = bounded.take(holder('bob', false))
  expect(bob?.grow(95 * kib)).toBe(false)
  expect(first.isCut).toBe(false)
  expect(bob?.grow(80 * kib)).toBe(true)
  expect(first.isCut).toBe(true)
  expect(bounded.takenBytes).toBeLessThanOrEqual(160 * kib)
})

it('has all its room again when the bodies are released, however often each is', () => {
  const bounded = budget()
  const rooms = ['a', 'b', 'a'].map((key) => bounded.take(holder(key, true)))
  for (const room of [...rooms, ...rooms]) room?.release()
  expect(bounded.takenBytes).toBe(0)
})
