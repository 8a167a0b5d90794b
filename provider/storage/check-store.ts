import { existsSync } from 'node:fs'
import type { Config } from '../../config/index.ts'
import { openStore, storeKeys, unusable } from './open-storage.ts'
import { StorageError } from './storage-error.ts'
import type { StoreReport } from './store.ts'
import { unlock } from './unlock.ts'
import { StoreKey } from './vault.ts'

/** What was found, and whether anything must be done about it. */
export interface StoreCheck extends StoreReport {
  readonly ok: boolean
  readonly reachable: true
  /** Living entries under keys that STORE_KEY has after the first one: it is needed as long as there are any. */
  readonly underOlderKeys: number
}

/**
 * Looks at the store that the configuration names. Makes or migrates its schema, as a start would.
 * @throws StorageError when it cannot be used, or STORE_KEY does not fit
 */
export async function checkStore(config: Pick<Config, 'store' | 'storeKeys'>): Promise<StoreCheck> {
  const file = config.store.startsWith('sqlite:') ? config.store.slice('sqlite:'.length) : undefined
  if (file !== undefined && !existsSync(file)) {
    throw new StorageError(`STORE: there is no file ${file}. The first start makes it.`)
  }
  const store = await openStore(config.store)
  try {
    const keys = await storeKeys(config.store, config.storeKeys)
    if (config.store !== 'memory:') await unlock(store, keys)
    const report = await store.report()
    const [current] = keys.map((key) => new StoreKey(key).id)
    const older = Object.entries(report.sealedWith).filter(([id]) => id !== current)
    return {
      ok: report.durability.every(({ advice }) => advice === undefined),
      reachable: true,
      ...report,
      underOlderKeys: older.reduce((sum, [, rows]) => sum + rows, 0),
    }
  } catch (error) {
    throw unusable(config.store, error)
  } finally {
    await store.close()
  }
}

/** The check in words. */
export function describeStoreCheck({
  kind,
  schemaVersion,
  rows,
  expired,
  underOlderKeys,
  ...check
}: StoreCheck): string {
  const lines = [
    ['store', `${kind}, can be reached`],
    ...(schemaVersion === undefined ? [] : [['schema', `version ${schemaVersion}`]]),
    ...(kind === 'memory' ? [] : [['key', keyLine(underOlderKeys)]]),
    ['entries', entriesLine(rows)],
    ['expired', `${expired} wait to be swept`],
    ...check.durability.map(({ setting, value, advice }) => [
      setting,
      advice ? `${value}: ${advice}` : value,
    ]),
  ]
  const width = Math.max(...lines.map(([name = '']) => name.length))
  return `${lines.map(([name = '', text]) => `${name.padEnd(width)}  ${text}`).join('\n')}\n`
}

function keyLine(underOlderKeys: number): string {
  return underOlderKeys === 0
    ? 'STORE_KEY fits, and nothing needs more than its first key'
    : `STORE_KEY fits; ${underOlderKeys} entries still need its older keys`
}

function entriesLine(rows: Readonly<Record<string, number>>): string {
  const kinds = Object.entries(rows).sort(([one], [other]) => one.localeCompare(other))
  return kinds.map(([kind, count]) => `${count} ${kind}`).join(', ') || 'none'
}
