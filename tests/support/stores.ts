import { setTimeout as delay } from 'node:timers/promises'
import { MemoryStore } from '../../provider/storage/memory-store.ts'

/** A store that is as far away as a database: everything takes some milliseconds, and callers interleave. */
export class SlowStore {
  readonly #store = new MemoryStore()

  async get(key: string) {
    await delay(4)
    return this.#store.get(key)
  }

  async set(key: string, value: string, ttlMs?: number) {
    await delay(4)
    this.#store.set(key, value, ttlMs)
  }

  async delete(key: string) {
    await delay(4)
    return this.#store.delete(key)
  }

  async clear() {
    this.#store.clear()
  }
}

/** A store that can be taken down and brought back. */
export class BreakableStore {
  readonly #store = new MemoryStore()
  down = false

  async get(key: string) {
    this.#assertUp()
    return this.#store.get(key)
  }

  async set(key: string, value: string, ttlMs?: number) {
    this.#assertUp()
    this.#store.set(key, value, ttlMs)
  }

  async delete(key: string) {
    this.#assertUp()
    return this.#store.delete(key)
  }

  async clear() {
    this.#store.clear()
  }

  #assertUp() {
    if (this.down) throw new Error('connect ECONNREFUSED')
  }
}
