import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { SharedState } from '../../resource-server/state/shared-state.ts'

/** Every back end keeps this contract, seen from two replicas at once. */
export function sharedStateContract(open: () => Promise<readonly [SharedState, SharedState]>): void {
  let one: SharedState
  let two: SharedState
  const unique = () => crypto.randomUUID()

  beforeAll(async () => {
    ;[one, two] = await open()
  })
  afterAll(async () => {
    await one.close()
    if (two !== one) await two.close()
  })

  it('23: of 100 who add a key at once exactly one is the first', async () => {
    for (let round = 0; round < 5; round += 1) {
      const key = unique()
      const added = await Promise.all(
        Array.from({ length: 100 }, (_, index) => (index % 2 ? one : two).replayStore.add(key, 60)),
      )
      expect(added.filter((first) => first)).toHaveLength(1)
    }
  })

  it('23: remembers a key for both, and keeps keys apart', async () => {
    const key = unique()
    expect(await one.replayStore.add(key, 60)).toBe(true)
    expect(await two.replayStore.add(key, 60)).toBe(false)
    expect(await one.replayStore.add(key, 60)).toBe(false)
    expect(await two.replayStore.add(key.toUpperCase(), 60)).toBe(true)
    expect(await two.replayStore.add(`${key} `, 60)).toBe(true)
  })

  it.each(['a:b', '__proto__', 'constructor', 'käse 密码', "'; DROP TABLE gatehouse_dpop_proof; --", '*'])(
    '48: treats the key %s as text',
    async (name) => {
      const key = `${unique()}${name}`
      expect(await one.replayStore.add(key, 60)).toBe(true)
      expect(await two.replayStore.add(key, 60)).toBe(false)
    },
  )

  it('48: remembers a key of 10 kB', async () => {
    const key = unique().repeat(280)
    const added = await one.replayStore.add(key, 60).catch(() => 'refused')
    expect([true, 'refused']).toContain(added)
    expect(await two.replayStore.add(key, 60).catch(() => 'refused')).not.toBe(true)
  })

  it('counts what both see, up to the limit, then says when to come back', async () => {
    const name = unique()
    const limit = { points: 10, seconds: 60 }
    const [here, there] = [one.createRateLimiter(name, limit), two.createRateLimiter(name, limit)]
    const waits: (number | undefined)[] = []
    for (let index = 0; index < 12; index += 1) waits.push(await (index % 2 ? here : there).count('alice'))
    expect(waits.slice(0, 10)).toEqual(Array(10).fill(undefined))
    for (const seconds of waits.slice(10)) {
      expect(seconds).toBeGreaterThanOrEqual(1)
      expect(seconds).toBeLessThanOrEqual(60)
    }
  })

  it('lets exactly as many pass at once as it may', async () => {
    const name = unique()
    const limiters = [one, two].map((state) => state.createRateLimiter(name, { points: 25, seconds: 60 }))
    const waits = await Promise.all(
      Array.from({ length: 100 }, (_, index) => limiters[index % 2]?.count('alice')),
    )
    expect(waits.filter((wait) => wait === undefined)).toHaveLength(25)
  })

  it('keeps callers apart, and limits of different names', async () => {
    const name = unique()
    const limiter = one.createRateLimiter(name, { points: 1, seconds: 60 })
    const other = one.createRateLimiter(unique(), { points: 1, seconds: 60 })
    expect(await limiter.count('alice')).toBeUndefined()
    expect(await limiter.count('bob')).toBeUndefined()
    expect(await other.count('alice')).toBeUndefined()
    expect(await limiter.count('alice')).toBeGreaterThanOrEqual(1)
  })

  it('48: counts a caller whose name is 10 kB long', async () => {
    const limiter = one.createRateLimiter(unique(), { points: 1, seconds: 60 })
    const caller = 'x'.repeat(10_000)
    expect(await limiter.count(caller)).toBeUndefined()
    expect(await limiter.count(caller)).toBeGreaterThanOrEqual(1)
  })

  it('can be reached', async () => {
    await expect(one.check()).resolves.toBeUndefined()
  })
}
