import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from '@jest/globals'
import { type OpenStorageOptions, openStorage } from '../../provider/storage/open-storage.ts'
import type { Storage } from '../../provider/storage/storage.ts'
import { describeWithStores } from './real-stores.ts'
import { testStoreKey } from './store-key.ts'

export { testStoreKey }

/** A kind of store, and how to open it. */
export interface StorageUnderTest {
  readonly kind: 'memory' | 'sqlite' | 'redis' | 'postgres'
  /** Each `open` of a shared store is what another replica would open. */
  open(options?: OpenStorageOptions): Promise<Storage>
  /** Known when the tests run. */
  url(): string
}

/** Runs the tests once over each store: memory, SQLite, and the Redis and Postgres that the environment names. */
export function describeWithStorages(
  subject: string,
  tests: (store: StorageUnderTest) => void,
  kinds: readonly StorageUnderTest['kind'][] = ['memory', 'sqlite', 'redis', 'postgres'],
): void {
  // The second one is what earlier runs have sealed with.
  const keys = [testStoreKey, 'a key of the tests, which protects nothing at all']
  const of = (kind: StorageUnderTest['kind'], url: () => string): StorageUnderTest => ({
    kind,
    url,
    open: (options) => openStorage(url(), { keys, ...options }),
  })
  if (kinds.includes('memory')) describe(`${subject} in memory`, () => tests(of('memory', () => 'memory:')))
  if (kinds.includes('sqlite')) {
    describe(`${subject} in SQLite`, () => {
      let folder = ''
      beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), 'gatehouse-'))
      })
      afterAll(() => rmSync(folder, { recursive: true }))
      tests(of('sqlite', () => `sqlite:${join(folder, 'state.db')}`))
    })
  }
  describeWithStores(
    subject,
    ({ name, url }) => {
      const kind = name === 'Redis' ? 'redis' : 'postgres'
      if (kinds.includes(kind)) tests(of(kind, () => url))
    },
    [
      ...(kinds.includes('redis') ? (['Redis'] as const) : []),
      ...(kinds.includes('postgres') ? (['Postgres'] as const) : []),
    ],
  )
}

/** An identifier that no other test uses. */
export const unique = () => randomBytes(16).toString('base64url')
