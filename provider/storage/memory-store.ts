interface Entry {
  readonly value: string
  readonly expiresAt: number
}

/** How often expired entries are looked for, in milliseconds. */
const sweepIntervalMs = 60_000

/**
 * A Keyv store in this process's memory. Unlike a `Map`, it forgets what has expired: it sweeps at most
 * once a minute, at the first use after that, so that no timer keeps a process alive.
 */
export class MemoryStore {
  readonly #entries = new Map<string, Entry>()
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

  get(key: string): string | undefined {
    this.#sweep()
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.expiresAt > this.#now() ? entry.value : undefined
  }

  /** @param ttlMs milliseconds from now; absent means for ever */
  set(key: string, value: string, ttlMs = Number.POSITIVE_INFINITY): void {
    this.#sweep()
    this.#entries.set(key, { value, expiresAt: this.#now() + ttlMs })
  }

  /** @returns true for the one caller that removed a living entry */
  delete(key: string): boolean {
    const entry = this.#entries.get(key)
    this.#entries.delete(key)
    return entry !== undefined && entry.expiresAt > this.#now()
  }

  clear(): void {
    this.#entries.clear()
  }

  #sweep(): void {
    const now = this.#now()
    if (now < this.#sweepAt) return
    this.#sweepAt = now + sweepIntervalMs
    for (const [key, { expiresAt }] of this.#entries) {
      if (expiresAt <= now) this.#entries.delete(key)
    }
  }
}
