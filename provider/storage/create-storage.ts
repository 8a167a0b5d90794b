import { Keyv, type KeyvOptions } from 'keyv'
import { MemoryStore } from './memory-store.ts'

/** Where the provider keeps its state. */
export type Storage = Keyv<unknown>

/**
 * Wraps a store for the provider's use. A store's failure is thrown, never taken for "not there":
 * a lost revocation or a false `invalid_grant` is worse than a 500.
 */
export function createStorageOver(store: KeyvOptions['store']): Storage {
  return new Keyv({
    store,
    throwOnErrors: true,
    // The adapter writes whole keys: two Keyvs over one store would otherwise share the last one's prefix.
    useKeyPrefix: false,
    // Keyv's own serialisation turns strings that start with ":base64:" into buffers.
    serialize: JSON.stringify,
    deserialize: JSON.parse,
  })
}

/**
 * Opens the storage that a URL names.
 * @param url `memory:`, the state of this process
 * @throws Error for a URL of another kind
 */
export function createStorage(url: string): Storage {
  if (url === 'memory:') return createStorageOver(new MemoryStore())
  throw new Error(`The store ${new URL(url).protocol} is not known.`)
}
