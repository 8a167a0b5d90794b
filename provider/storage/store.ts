import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import type { Entry, Limit } from './storage.ts'

/** A member of a set: what it is found by, and what is kept of it. */
export interface Member {
  readonly id: string
  readonly value: string
  /** Milliseconds from now; absent means for ever. */
  readonly ttlMs?: number | undefined
}

type Awaitable<Value> = Value | Promise<Value>

/**
 * What a back end does: it keeps text under text, and has one winner where there may be only one.
 * It throws when it cannot; expired entries are as if they were not there.
 */
export interface Store {
  get(key: string): Awaitable<string | undefined>
  set(entry: Entry<string>): Awaitable<void>
  /** Sets all of it, or nothing when the first key is there already. @returns whether it did */
  add(entry: Entry<string>, others: readonly Entry<string>[]): Awaitable<boolean>
  /** @returns true for the one caller that removed a living entry */
  delete(key: string): Awaitable<boolean>
  addMember(set: string, member: Member): Awaitable<void>
  /** @returns true for the one caller that removed a living member */
  removeMember(set: string, id: string): Awaitable<boolean>
  /** @returns the values of the living members */
  members(set: string): Awaitable<readonly string[]>
  /** @param name plain text, unlike the keys that are counted */
  createLimiter(name: string, limit: Limit): RateLimiterAbstract
  /** @throws when it cannot be asked */
  check(): Awaitable<void>
  close(): Awaitable<void>
}
