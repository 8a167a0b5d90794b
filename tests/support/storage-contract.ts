import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { RateLimiterRes } from 'rate-limiter-flexible'
import type { Storage } from '../../provider/storage/storage.ts'
import { type StorageUnderTest, unique } from './storages.ts'

/** Every kind of store keeps this contract, seen from two replicas at once. */
export function storageContract({ kind, open }: Pick<StorageUnderTest, 'kind' | 'open'>): void {
  let one: Storage
  /** What another replica sees. */
  let two: Storage
  let now = Date.now()
  beforeAll(async () => {
    one = await open({ now: () => now })
    two = kind === 'memory' ? one : await open({ now: () => now })
  })
  afterAll(async () => {
    await one.close()
    if (two !== one) await two.close()
  })
  const key = () => `AccessToken:${unique()}`

  it('returns what was set, to every replica, and undefined for what was not', async () => {
    const name = key()
    const value = { text: ':base64:AAAA', nested: { list: [1, null, 'ü‮'] } }
    await one.set(name, value, 60_000)
    expect(await two.get(name)).toEqual(value)
    await two.set(name, 'other')
    expect(await one.get(name)).toBe('other')
    expect(await one.get(key())).toBeUndefined()
  })

  it('deletes for one caller of 100 at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const name = key()
      await one.set(name, true, 60_000)
      const deleted = await Promise.all(
        Array.from({ length: 100 }, (_, i) => (i % 2 ? one : two).delete(name)),
      )
      expect(deleted.filter(Boolean)).toHaveLength(1)
      expect(await two.get(name)).toBeUndefined()
    }
  })

  it('adds for one caller of 100 at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const name = key()
      const added = await Promise.all(
        Array.from({ length: 100 }, (_, i) => (i % 2 ? one : two).add(name, i, 60_000)),
      )
      expect(added.filter(Boolean)).toHaveLength(1)
      expect(await two.get(name)).toBe(added.indexOf(true))
    }
  })

  it('adds with others all or nothing', async () => {
    const [first, second, third] = [key(), key(), key()]
    await one.set(second, 'old')
    const others = [
      { key: second, value: 'new', ttlMs: 60_000 },
      { key: third, value: 'new' },
    ]
    expect(await one.add(first, 1, 60_000, others)).toBe(true)
    expect([await two.get(second), await two.get(third)]).toEqual(['new', 'new'])
    const late = others.map((other) => ({ ...other, value: 'late' }))
    expect(await two.add(first, 2, 60_000, late)).toBe(false)
    expect([await one.get(first), await one.get(second), await one.get(third)]).toEqual([1, 'new', 'new'])
  })

  it('keeps the members of a set', async () => {
    const set = `AccountGrants:${unique()}`
    await one.addMember(set, 'a', 60_000)
    await two.addMember(set, 'b')
    await two.addMember(set, 'a', 60_000)
    await one.addMember(`AccountGrants:${unique()}`, 'c')
    expect([...(await one.members(set))].sort()).toEqual(['a', 'b'])
    const removed = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).removeMember(set, 'a')),
    )
    expect(removed.filter(Boolean)).toHaveLength(1)
    expect(await two.members(set)).toEqual(['b'])
    expect(await two.members('AccountGrants:none')).toEqual([])
  })

  it('lets exactly as many events pass as the limit says, over all replicas', async () => {
    const name = `limit-${unique()}`
    const limiters = [one, two].map((storage) => storage.createLimiter(name, { points: 25, seconds: 60 }))
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, i) => limiters[i % 2]?.consume('alice')),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(25)
    const refused = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    expect((refused.reason as RateLimiterRes).msBeforeNext).toBeGreaterThan(0)
    const counted = await limiters[1]?.get('alice')
    expect(counted?.consumedPoints).toBe(100)
    await expect(limiters[0]?.consume('bob')).resolves.toMatchObject({ consumedPoints: 1 })
    expect(await limiters[0]?.delete('alice')).toBe(true)
    await expect(limiters[1]?.consume('alice')).resolves.toMatchObject({
      consumedPoints: 1,
      remainingPoints: 24,
    })
    await limiters[0]?.set('carol', 3, 60)
    expect((await limiters[1]?.penalty('carol', 2))?.consumedPoints).toBe(5)
  })

  it.each([
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['with colons', 'a:b:c'],
    ['with NUL', 'nul\0nul'],
    ['of 10 kB', 'x'.repeat(10_000)],
    ['beyond ASCII', 'ünï‮'],
    ['with SQL', "'; DROP TABLE gatehouse_entry; --"],
    ['that is empty', ''],
  ])('treats an identifier as an opaque string: %s (attack 48)', async (_what, id) => {
    const name = `AccessToken:${unique()}${id}`
    expect(await one.get(name)).toBeUndefined()
    expect(await one.delete(name)).toBe(false)
    expect(await one.add(name, id, 60_000)).toBe(true)
    expect(await two.get(name)).toBe(id)
    await one.addMember(name, id, 60_000)
    expect(await two.members(name)).toEqual([id])
    const limiter = one.createLimiter('hostile', { points: 1, seconds: 60 })
    await expect(limiter.consume(name)).resolves.toBeDefined()
  })

  it('can be asked', async () => {
    await expect(one.check()).resolves.toBeUndefined()
  })

  // Redis has a clock of its own.
  const clocked = kind === 'redis' ? describe.skip : describe
  clocked('with time passing', () => {
    it('forgets entries and members to the millisecond, and lets them be added again', async () => {
      const [name, set] = [key(), `AccountGrants:${unique()}`]
      await one.set(name, 'value', 500)
      await one.addMember(set, 'a', 500)
      now += 499
      expect([await two.get(name), await two.members(set)]).toEqual(['value', ['a']])
      expect(await two.add(name, 'again')).toBe(false)
      now += 1
      expect([await two.get(name), await two.members(set)]).toEqual([undefined, []])
      expect(await two.delete(name)).toBe(false)
      expect(await two.removeMember(set, 'a')).toBe(false)
      expect(await two.add(name, 'again')).toBe(true)
    })
  })
}
