import { type RateLimiterAbstract, RateLimiterMemory } from 'rate-limiter-flexible'
import type { Entry, Limit } from './storage.ts'
import type { Member, Store } from './store.ts'

interface Kept {
  readonly value: string
  readonly expiresAt: number
}

/** How often expired entries are looked for, in milliseconds. */
const sweepIntervalMs = 60_000

/**
 * A store in this process's memory. Unlike a `Map`, it forgets what has expired: it sweeps at most
 * once a minute, at the first use after that, so that no timer keeps a process alive.
 */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, Kept>()
  readonly #sets = new Map<string, Map<string, Kept>>()
  readonly #limiters = new Map<string, RateLimiterAbstract>()
  readonly #now: () => number
  #sweepAt: number

  /** @param now the clock, Unix milliseconds */
  constructor(now: () => number = Date.now) {
    this.#now = now
    this.#sweepAt = now() + sweepIntervalMs
  }

  /** How many entries are held, the expired ones that no sweep has met included. */
  get size(): number {
    return this.#entries.size
  }

  /** How many sets are held. */
  get sets(): number {
    return this.#sets.size
  }

  get(key: string): string | undefined {
    this.#sweep()
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.expiresAt > this.#now() ? entry.value : undefined
  }

  set({ key, value, ttlMs = Number.POSITIVE_INFINITY }: Entry<string>): void {
    this.#sweep()
    this.#entries.set(key, { value, expiresAt: this.#now() + ttlMs })
  }

  add(entry: Entry<string>, others: readonly Entry<string>[] = []): boolean {
    if (this.get(entry.key) !== undefined) return false
    for (const one of [entry, ...others]) this.set(one)
    return true
  }

  delete(key: string): boolean {
    return this.#remove(this.#entries, key)
  }

  addMember(set: string, { id, value, ttlMs = Number.POSITIVE_INFINITY }: Member): void {
    this.#sweep()
    const members = this.#sets.get(set) ?? new Map<string, Kept>()
    this.#sets.set(set, members.set(id, { value, expiresAt: this.#now() + ttlMs }))
  }

  removeMember(set: string, id: string): boolean {
    return this.#remove(this.#sets.get(set), id)
  }

  members(set: string): readonly string[] {
    const now = this.#now()
    const living = [...(this.#sets.get(set)?.values() ?? [])].filter(({ expiresAt }) => expiresAt > now)
    return living.map(({ value }) => value)
  }

  createLimiter(name: string, { points, seconds }: Limit): RateLimiterAbstract {
    const limiter =
      this.#limiters.get(name) ?? new RateLimiterMemory({ keyPrefix: name, points, duration: seconds })
    this.#limiters.set(name, limiter)
    return limiter
  }

  check(): void {}

  close(): void {}

  #remove(entries: Map<string, Kept> | undefined, key: string): boolean {
    const entry = entries?.get(key)
    entries?.delete(key)
    return entry !== undefined && entry.expiresAt > this.#now()
  }

  #sweep(): void {
    const now = this.#now()
    if (now < this.#sweepAt) return
    this.#sweepAt = now + sweepIntervalMs
    forget(this.#entries, now)
    for (const [name, members] of this.#sets) {
      forget(members, now)
      if (members.size === 0) this.#sets.delete(name)
    }
  }
}

function forget(entries: Map<string, Kept>, now: number): void {
  for (const [key, { expiresAt }] of entries) {
    if (expiresAt <= now) entries.delete(key)
  }
}
