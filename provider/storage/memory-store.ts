import { type RateLimiterAbstract, RateLimiterMemory } from 'rate-limiter-flexible'
import type { RateLimit } from '../../runtime/rate-limiter.ts'
import type { Entry } from './storage.ts'
import type { Member, Store, StoreReport } from './store.ts'

interface Kept {
  readonly value: string
  readonly expiresAt: number
}

/** How many entries one sweep looks at: about a millisecond's work. */
const sweepSize = 10_000

/** A store in this process's memory. */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, Kept>()
  readonly #sets = new Map<string, Map<string, Kept & { readonly id: string }>>()
  readonly #limiters = new Map<string, RateLimiterAbstract>()
  readonly #now: () => number
  #cursor: MapIterator<[string, Kept]> = this.#entries.entries()

  /** @param now the clock, Unix milliseconds */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** How many entries are held, the expired ones that no sweep has met included. */
  get size(): number {
    return this.#entries.size
  }

  get(key: string): string | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.expiresAt > this.#now() ? entry.value : undefined
  }

  set({ key, value, ttlMs = Number.POSITIVE_INFINITY }: Entry<string>): void {
    this.#entries.set(key, { value, expiresAt: this.#now() + ttlMs })
  }

  add(entry: Entry<string>, others: readonly Entry<string>[] = []): boolean {
    if (this.get(entry.key) !== undefined) return false
    for (const one of [entry, ...others]) this.set(one)
    return true
  }

  replace(key: string, from: string, to: string): void {
    const entry = this.#entries.get(key)
    if (entry?.value === from) this.#entries.set(key, { ...entry, value: to })
  }

  delete(key: string): boolean {
    return this.#remove(this.#entries, key)
  }

  addMember(set: string, { id, value, ttlMs = Number.POSITIVE_INFINITY }: Member): void {
    const members = this.#sets.get(set) ?? new Map()
    this.#sets.set(set, members.set(id, { id, value, expiresAt: this.#now() + ttlMs }))
  }

  removeMember(set: string, id: string): boolean {
    return this.#remove(this.#sets.get(set), id)
  }

  members(set: string): readonly Pick<Member, 'id' | 'value'>[] {
    const now = this.#now()
    return [...(this.#sets.get(set)?.values() ?? [])].filter(({ expiresAt }) => expiresAt > now)
  }

  createLimiter(name: string, { points, seconds }: RateLimit): RateLimiterAbstract {
    const limiter =
      this.#limiters.get(name) ?? new RateLimiterMemory({ keyPrefix: name, points, duration: seconds })
    this.#limiters.set(name, limiter)
    return limiter
  }

  sweep(): boolean {
    const now = this.#now()
    for (let looked = 0; looked < sweepSize; looked += 1) {
      const { done, value } = this.#cursor.next()
      if (done) {
        this.#cursor = this.#entries.entries()
        this.#sweepSets(now)
        return false
      }
      if (value[1].expiresAt <= now) this.#entries.delete(value[0])
    }
    return true
  }

  report(): StoreReport {
    const now = this.#now()
    const rows: Record<string, number> = {}
    let expired = 0
    for (const [key, { expiresAt }] of this.#entries) {
      const kind = key.slice(0, key.indexOf(':'))
      if (expiresAt <= now) expired += 1
      else rows[kind] = (rows[kind] ?? 0) + 1
    }
    const advice = 'everything is lost when the process ends: set STORE to keep it'
    return {
      kind: 'memory',
      rows,
      expired,
      sealedWith: {},
      durability: [{ setting: 'memory', value: 'this process', advice }],
    }
  }

  close(): void {}

  #remove(entries: Map<string, Kept> | undefined, key: string): boolean {
    const entry = entries?.get(key)
    entries?.delete(key)
    return entry !== undefined && entry.expiresAt > this.#now()
  }

  #sweepSets(now: number): void {
    for (const [name, members] of this.#sets) {
      for (const [id, { expiresAt }] of members) if (expiresAt <= now) members.delete(id)
      if (members.size === 0) this.#sets.delete(name)
    }
  }
}
