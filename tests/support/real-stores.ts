import process from 'node:process'
import { describe } from '@jest/globals'

const stores = [
  { name: 'Redis', variable: 'TEST_REDIS_URL', defaultPort: 6379 },
  { name: 'Postgres', variable: 'TEST_POSTGRES_URL', defaultPort: 5432 },
] as const

/** A real store that the environment names. */
export interface RealStore {
  readonly name: 'Redis' | 'Postgres'
  /** Where it is, with its credentials. */
  readonly url: string
  readonly defaultPort: number
}

/**
 * Runs the tests once for each real store. One whose variable is not set is skipped, and standard error says so.
 * @param names which of them. Default: both
 */
export function describeWithStores(
  subject: string,
  tests: (store: RealStore) => void,
  names: readonly RealStore['name'][] = ['Redis', 'Postgres'],
): void {
  for (const { name, variable, defaultPort } of stores) {
    if (!names.includes(name)) continue
    const url = process.env[variable]
    if (url) {
      describe(`${subject} in ${name}`, () => tests({ name, url, defaultPort }))
      continue
    }
    process.stderr.write(`SKIPPED: ${subject} in ${name}. Set ${variable} to the URL of a ${name} to test.\n`)
    describe.skip(`${subject} in ${name} (${variable} is not set)`, () =>
      tests({ name, url: '', defaultPort }))
  }
}

/** Runs the tests with the Redis of TEST_REDIS_URL, or skips them loudly. */
export function describeWithRedis(subject: string, tests: (store: RealStore) => void): void {
  describeWithStores(subject, tests, ['Redis'])
}

/** Runs the tests with the PostgreSQL of TEST_POSTGRES_URL, or skips them loudly. */
export function describeWithPostgres(subject: string, tests: (store: RealStore) => void): void {
  describeWithStores(subject, tests, ['Postgres'])
}
