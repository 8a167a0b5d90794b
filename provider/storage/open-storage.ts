import { storePlace } from '../../runtime/store-place.ts'
import { storeTrouble } from '../../runtime/store-trouble.ts'
import { createStorageOver } from './create-storage-over.ts'
import { loadDevelopmentKey } from './development-key.ts'
import { MemoryStore } from './memory-store.ts'
import type { Storage } from './storage.ts'
import { StorageError } from './storage-error.ts'
import type { Store } from './store.ts'
import { startSweeping } from './sweep.ts'
import { unlock } from './unlock.ts'
import { probeWrites } from './writable.ts'

/** Options of {@link openStorage}. */
export interface OpenStorageOptions {
  /** STORE_KEY: the first seals, all open. Without, an SQLite file gets a key beside it. Default none. */
  readonly keys?: readonly string[]
  /** The clock, Unix milliseconds. Default: this machine's. */
  readonly now?: () => number
  /** Told about lost connections, which are opened again, and about sweeps that failed. */
  readonly onerror?: (error: Error) => void
  /** How long one answer may take before the store counts as lost, in milliseconds. Default 2000. */
  readonly timeoutMs?: number
  /** How often expired rows are looked for, in milliseconds. Default 30 000. */
  readonly sweepEveryMs?: number
}

/**
 * Opens the storage that a URL names: makes or migrates its schema, and unlocks it.
 * @param url `memory:`, `sqlite:FILE`, `postgres://…`, `redis://…`, `valkey://…` or `redis+sentinel://…`
 * @throws StorageError when it cannot be reached, is of a newer version or was written with another key
 */
export async function openStorage(url: string, options: OpenStorageOptions = {}): Promise<Storage> {
  const { keys = [], onerror = () => {}, sweepEveryMs = 30_000 } = options
  const store = await openStore(url, options)
  try {
    const vault = url === 'memory:' ? undefined : await unlock(store, await storeKeys(url, keys))
    const storage = createStorageOver(store, vault)
    const stopSweeping = startSweeping(store, { everyMs: sweepEveryMs, onerror })
    return {
      ...storage,
      async close() {
        stopSweeping()
        await storage.close()
      },
    }
  } catch (error) {
    await store.close()
    throw unusable(url, error)
  }
}

/** What went wrong with a store, in one sentence. */
export function unusable(url: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  const place = url.startsWith('sqlite:') ? 'the file' : storePlace(url)
  return new StorageError(`STORE: ${place} cannot be used (${storeTrouble(cause)}).`, { cause })
}

/** @returns STORE_KEY's keys; without them, those of a development store, which has its own */
export async function storeKeys(url: string, given: readonly string[]): Promise<readonly string[]> {
  if (given.length > 0 || !url.startsWith('sqlite:')) return given
  return [await loadDevelopmentKey(url.slice('sqlite:'.length))]
}

/**
 * Opens the store that a URL names, without its keys, and proves that it takes what the provider writes.
 * @throws StorageError when it cannot be used
 */
export async function openStore(url: string, options: OpenStorageOptions = {}): Promise<Store> {
  const scheme = url.slice(0, url.indexOf(':') + 1)
  let store: Store | undefined
  try {
    store = await openUnproven(url, scheme, options)
    await probeWrites(store)
    return store
  } catch (cause) {
    await store?.close()
    throw unusable(url, cause)
  }
}

async function openUnproven(url: string, scheme: string, options: OpenStorageOptions): Promise<Store> {
  const { now = Date.now, onerror = () => {}, timeoutMs = 2000 } = options
  switch (scheme) {
    case 'memory:':
      return new MemoryStore(now)
    case 'sqlite:':
      return new (await import('./sqlite-store.ts')).SqliteStore(url.slice(scheme.length), now)
    case 'postgres:':
    case 'postgresql:':
      return await (await import('./postgres-store.ts')).PostgresStore.open(url, {
        now,
        onerror,
        timeoutMs,
      })
    case 'redis:':
    case 'rediss:':
    case 'valkey:':
    case 'redis+sentinel:':
    case 'rediss+sentinel:':
    case 'valkey+sentinel:':
      return await (await import('./redis-store.ts')).RedisStore.open(url, { now, onerror, timeoutMs })
  }
  throw new StorageError(`STORE: no store is known for ${scheme}`)
}
