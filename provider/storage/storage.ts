import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import type { RateLimit } from '../../runtime/rate-limiter.ts'

/** Something to be kept. */
export interface Entry<Value = unknown> {
  /** `Kind:id`, the kind a plain word. The identifier may be secret: it is hashed before it is kept. */
  readonly key: string
  /** Anything that JSON can say. */
  readonly value: Value
  /** Milliseconds from now; absent means for ever. */
  readonly ttlMs?: number | undefined
}

/**
 * Where the provider keeps everything that outlives a request. Whatever cannot be asked is thrown, never
 * taken for "not there".
 */
export interface Storage {
  get<Value>(key: string): Promise<Value | undefined>
  /** @param ttlMs milliseconds from now; absent means for ever */
  set(key: string, value: unknown, ttlMs?: number): Promise<void>
  /**
   * Sets the key unless it is there already, across all replicas.
   * @param others are set together with it: all of it is kept, or nothing
   * @returns true for the one caller that did
   */
  add(key: string, value: unknown, ttlMs?: number, others?: readonly Entry[]): Promise<boolean>
  /** @returns true for the one caller that removed a living entry */
  delete(key: string): Promise<boolean>
  /** Adds to a set whose members expire by themselves: an index, such as the grants of an account. */
  addMember(set: string, member: string, ttlMs?: number): Promise<void>
  /** @returns true for the one caller that removed a living member */
  removeMember(set: string, member: string): Promise<boolean>
  members(set: string): Promise<readonly string[]>
  /**
   * Counts events atomically, across all replicas. Each call with one name counts on.
   * @param name keeps the counts of different limits apart
   */
  createLimiter(name: string, limit: RateLimit): RateLimiterAbstract
  /**
   * Resolves when the store takes what the provider writes: it writes, reads and removes a small entry of each kind.
   * @throws StorageError saying why it does not
   */
  check(): Promise<void>
  close(): Promise<void>
}
