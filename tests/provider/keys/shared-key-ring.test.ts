import { describe, expect, it } from '@jest/globals'
import { createKeyRing, type KeyRing } from '../../../provider/keys/key-ring.ts'
import { createSharedKeyRing } from '../../../provider/keys/shared-key-ring.ts'
import { createStorageOver } from '../../../provider/storage/create-storage-over.ts'
import { breakableStore, slowStore } from '../../support/stores.ts'

const dayMs = 86_400_000
const kid = (ring: KeyRing) => ring.current.jwk.kid

function replicas(count: number, { now = (): number => 0, storage = createStorageOver(slowStore()) } = {}) {
  return Array.from({ length: count }, () => createSharedKeyRing(storage, 90 * dayMs, now))
}

describe('replicas that share a store', () => {
  it('make one key ring between them when they start at once', async () => {
    const rings = await Promise.all(replicas(10).map((replica) => replica.load()))
    for (const ring of rings) expect(ring).toEqual(rings[0])
  })

  it('rotate once when several find at once that it is time', async () => {
    let now = 0
    const all = replicas(10, { now: () => now })
    const [before] = await Promise.all(all.map((replica) => replica.load()))
    now = 90 * dayMs
    const rings = await Promise.all(all.map((replica) => replica.load()))
    for (const ring of rings) expect(ring).toEqual(rings[0])
    expect(rings[0]?.current.jwk).toEqual(before?.next.jwk)
    expect(rings[0]?.retired).toHaveLength(1)
  })

  it('change it one after another, so that no change is lost', async () => {
    const all = replicas(10)
    await Promise.all(
      all.map((replica) => replica.update((ring) => ({ ...ring, rotateAt: (ring.rotateAt ?? 0) + 1 }))),
    )
    expect(await all[0]?.load()).toMatchObject({ rotateAt: 10 })
  })

  it('wait for a lock that a killed process left behind no longer than it lasts', async () => {
    const storage = createStorageOver(slowStore())
    await storage.add('KeyRing:lock', true, 250)
    const [replica] = replicas(1, { storage })
    const other = await createKeyRing(1)
    expect(await replica?.update(() => other)).toBe(other)
  })

  it('make no keys of their own when the store cannot be asked', async () => {
    const store = breakableStore()
    const [replica] = replicas(1, { storage: createStorageOver(store) })
    const before = await replica?.load()
    store.down = true
    await expect(replica?.load()).rejects.toThrow('ECONNREFUSED')
    store.down = false
    expect(await replica?.load().then(kid)).toBe(before && kid(before))
  })
})
