import { createStorageOver } from './create-storage-over.ts'
import { MemoryStore } from './memory-store.ts'
import type { Storage } from './storage.ts'

/** Options of {@link openStorage}. */
export interface OpenStorageOptions {
  /** The clock, Unix milliseconds. Default: this machine's. */
  readonly now?: () => number
}

/**
 * Opens the storage that a URL names.
 * @param url `memory:`, the state of this process
 * @throws Error for a URL of another kind
 */
export async function openStorage(url: string, { now }: OpenStorageOptions = {}): Promise<Storage> {
  if (url === 'memory:') return createStorageOver(new MemoryStore(now))
  throw new Error(`The store ${new URL(url).protocol} is not known.`)
}
