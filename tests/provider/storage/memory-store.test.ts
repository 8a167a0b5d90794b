import { describe, expect, it } from '@jest/globals'
import { MemoryStore } from '../../../provider/storage/memory-store.ts'

describe('MemoryStore', () => {
  it('returns what was set until it expires', () => {
    let now = 1_000
    const store = new MemoryStore(() => now)
    store.set({ key: 'key', value: 'value', ttlMs: 500 })
    now = 1_499
    expect(store.get('key')).toBe('value')
    now = 1_500
    expect(store.get('key')).toBeUndefined()
  })

  it('keeps what was set without a time to live', () => {
    let now = 0
    const store = new MemoryStore(() => now)
    store.set({ key: 'key', value: 'value' })
    now = Number.MAX_SAFE_INTEGER
    expect(store.get('key')).toBe('value')
  })

  it('forgets expired entries that nobody asks for again', () => {
    let now = 0
    const store = new MemoryStore(() => now)
    for (let index = 0; index < 1_000; index++)
      store.set({ key: `short:${index}`, value: 'value', ttlMs: 1_000 })
    store.set({ key: 'long', value: 'value', ttlMs: 3_600_000 })
    expect(store.size).toBe(1_001)
    now = 60_000
    while (store.sweep());
    expect(store.size).toBe(1)
  })

  it('tells one caller alone that a living entry was deleted', () => {
    let now = 0
    const store = new MemoryStore(() => now)
    store.set({ key: 'key', value: 'value', ttlMs: 1_000 })
    expect([store.delete('key'), store.delete('key')]).toEqual([true, false])
    store.set({ key: 'key', value: 'value', ttlMs: 1_000 })
    now = 1_000
    expect(store.delete('key')).toBe(false)
  })
})
