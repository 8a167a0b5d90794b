import { setTimeout as delay } from 'node:timers/promises'
import type { Storage } from '../storage/storage.ts'
import { advanceKeyRing, createKeyRing, type KeyRing } from './key-ring.ts'

const ringKey = 'KeyRing:current'
const lockKey = 'KeyRing:lock'

/** Whoever holds the lock has this long: after that, others may write. */
const lockMs = 30_000

/** The key ring that all replicas share, in the storage, which encrypts it. */
export interface SharedKeyRing {
  /** Reads the ring, makes it when there is none, and does what is due. */
  load(): Promise<KeyRing>
  /**
   * Changes the ring, one caller at a time.
   * @throws Error when another caller does not come to an end
   */
  update(change: (ring: KeyRing) => KeyRing | Promise<KeyRing>): Promise<KeyRing>
}

/**
 * @param rotationMs how long a key signs
 * @param now the clock, Unix milliseconds
 */
export function createSharedKeyRing(storage: Storage, rotationMs: number, now: () => number): SharedKeyRing {
  const advance = (ring: KeyRing) => advanceKeyRing(ring, now(), rotationMs)

  /** Of several that start at once, one makes the keys. */
  async function read(): Promise<KeyRing> {
    const found = await storage.get<KeyRing>(ringKey)
    if (found) return found
    const made = await createKeyRing(now())
    if (await storage.add(ringKey, made)) return made
    const others = await storage.get<KeyRing>(ringKey)
    if (!others) throw new Error('The keys in the store come and go.')
    return others
  }

  async function update(change: (ring: KeyRing) => KeyRing | Promise<KeyRing>): Promise<KeyRing> {
    await lock()
    try {
      const before = await read()
      const after = await change(before)
      if (after !== before) await storage.set(ringKey, after)
      return after
    } finally {
      await storage.delete(lockKey)
    }
  }

  async function lock(): Promise<void> {
    for (let tries = 0; tries < 350; tries++) {
      if (await storage.add(lockKey, true, lockMs)) return
      await delay(100)
    }
    throw new Error('Another process has been changing the keys for too long: try again.')
  }

  return {
    update,
    async load() {
      const ring = await read()
      // Nearly always nothing is due, and then nothing is locked.
      return (await advance(ring)) === ring ? ring : update(advance)
    },
  }
}
