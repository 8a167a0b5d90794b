import { describe, expect, it } from '@jest/globals'
import { createMemoryReplayStore } from '../../../resource-server/auth/memory-replay-store.ts'

let time = 0
const now = () => time

describe('createMemoryReplayStore', () => {
  it('23: tells the first from all others, for as long as it was told to', async () => {
    const store = createMemoryReplayStore({ now })
    expect(await store.add('a', 10)).toBe(true)
    expect(await store.add('a', 10)).toBe(false)
    expect(await store.add('b', 10)).toBe(true)
    time += 9_999
    expect(await store.add('a', 10)).toBe(false)
    time += 1
    expect(await store.add('a', 10)).toBe(true)
  })

  it('23: does not forget early because it sweeps', async () => {
    const store = createMemoryReplayStore({ now })
    await store.add('long', 75)
    for (let round = 0; round < 7; round += 1) {
      time += 10_000
      await store.add(`short-${round}`, 1)
      expect(await store.add('long', 75)).toBe(false)
    }
  })

  it.each(['__proto__', 'constructor', '', 'a:b', '\u0000', 'x'.repeat(10_000)])(
    '48: treats the key %.20j as text',
    async (key) => {
      const store = createMemoryReplayStore({ now })
      expect(await store.add(key, 10)).toBe(true)
      expect(await store.add(key, 10)).toBe(false)
    },
  )

  it('23: accepts none when it is full, and some again when it has forgotten', async () => {
    const store = createMemoryReplayStore({ now })
    for (let index = 0; index < 1_000_000; index += 1) await store.add(`${index}`, 75)
    await expect(store.add('one too many', 75)).rejects.toThrow('1000000')
    expect(await store.add('7', 75)).toBe(false)
    time += 75_000
    expect(await store.add('one too many', 75)).toBe(true)
  })
})
