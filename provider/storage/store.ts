import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import type { RateLimit } from '../../runtime/rate-limiter.ts'
import type { Entry } from './storage.ts'

/** A member of a set. */
export interface Member {
  /** What it is found by. */
  readonly id: string
  /** What is kept of it. */
  readonly value: string
  /** Milliseconds from now; absent means for ever. */
  readonly ttlMs?: number | undefined
}

/** What an operator wants to know about a store. */
export interface StoreReport {
  readonly kind: string
  readonly schemaVersion?: number
  /** Living entries by kind, such as `AccessToken`; members of sets and counts as kinds of their own. */
  readonly rows: Readonly<Record<string, number>>
  /** Expired rows that no sweep has met yet. */
  readonly expired: number
  /** Living entries by the identifier of the key that sealed them. */
  readonly sealedWith: Readonly<Record<string, number>>
  /** Whether what was answered survives a power loss, and what to do if not. */
  readonly durability: readonly Durability[]
}

/** A setting of the store that decides what a power loss costs. */
export interface Durability {
  readonly setting: string
  readonly value: string
  /** Absent when nothing can be lost. */
  readonly advice?: string
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
  /** Puts another text in the place of one, unless there is a third by now. When it expires stays as it is. */
  replace(key: string, from: string, to: string): Awaitable<void>
  /** @returns true for the one caller that removed a living entry */
  delete(key: string): Awaitable<boolean>
  addMember(set: string, member: Member): Awaitable<void>
  /** @returns true for the one caller that removed a living member */
  removeMember(set: string, id: string): Awaitable<boolean>
  /** @returns the living members */
  members(set: string): Awaitable<readonly Pick<Member, 'id' | 'value'>[]>
  /** @param name plain text, unlike the keys that are counted */
  createLimiter(name: string, limit: RateLimit): RateLimiterAbstract
  /** Removes some of what has expired. @returns whether there may be more */
  sweep(): Awaitable<boolean>
  report(): Awaitable<StoreReport>
  close(): Awaitable<void>
}
