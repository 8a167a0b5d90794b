import { randomBytes } from 'node:crypto'
import { storeTrouble } from '../../runtime/store-trouble.ts'
import { StorageError } from './storage-error.ts'
import type { Store } from './store.ts'

/** Enough for the slowest probe; what a failed one leaves behind expires then, in milliseconds. */
const probeTtlMs = 60_000

const probeLimit = { points: 1_000_000, seconds: probeTtlMs / 1000 }

/**
 * The one rule of readiness, for every kind of store: it is usable when it takes and returns what the provider
 * writes. Writes, reads and removes a small entry of each kind through the store's own methods, because a store
 * that answers a ping may still refuse writes: a demoted primary, a full memory or disk, a user without the right.
 * @throws what the store throws
 */
export async function probeWrites(store: Store): Promise<void> {
  const id = randomBytes(16).toString('base64url')
  await Promise.all([probeEntries(store, id), probeMembers(store, id), probeCounts(store, id)])
}

/**
 * {@link probeWrites} in words.
 * @throws StorageError in one sentence: the reason, and what to do
 */
export async function assertWritable(store: Store): Promise<void> {
  try {
    await probeWrites(store)
  } catch (cause) {
    throw new StorageError(`STORE: it refuses what the provider writes (${storeTrouble(cause)}).`, { cause })
  }
}

async function probeEntries(store: Store, id: string): Promise<void> {
  const [key, other] = [`Probe:${id}`, `Probe:${id}-other`]
  const ttlMs = probeTtlMs
  const added = await store.add({ key, value: 'added', ttlMs }, [{ key: other, value: 'added', ttlMs }])
  await Promise.all([store.replace(key, 'added', 'replaced'), store.set({ key: other, value: 'set', ttlMs })])
  const found = await Promise.all([store.get(key), store.get(other)])
  const deleted = await Promise.all([store.delete(key), store.delete(other)])
  assertKept(added && found.join() === 'replaced,set' && deleted.every(Boolean))
}

async function probeMembers(store: Store, id: string): Promise<void> {
  const set = `Probe:${id}`
  await store.addMember(set, { id, value: 'member', ttlMs: probeTtlMs })
  const found = await store.members(set)
  const removed = await store.removeMember(set, id)
  assertKept(found.length === 1 && removed)
}

async function probeCounts(store: Store, id: string): Promise<void> {
  const limiter = store.createLimiter('Probe', probeLimit)
  const { consumedPoints } = await limiter.consume(id)
  await limiter.delete(id)
  assertKept(consumedPoints === 1)
}

/** A proxy that reads from replicas answers every command, and not with what was written. */
function assertKept(kept: boolean): void {
  if (kept) return
  throw new Error('it does not return what was written a moment ago; give the address of the primary itself')
}
