import { createSecretKey, randomBytes } from 'node:crypto'
import { StorageError } from './storage-error.ts'
import type { Store } from './store.ts'
import { createSeal, createVault, StoreKey, type Vault, VaultError } from './vault.ts'

/** Where the key of the hashes lies, sealed. It is the one entry whose name is not hashed. */
export const hashKeyPlace = 'Store:hash-key'

/**
 * Makes the vault of a store. The key of its hashes is made at the first start and lies in the store, sealed
 * with STORE_KEY: that a key opens it shows that it is this store's, and a new key finds what an old one hashed.
 * @param secrets of STORE_KEY: the first seals, all open; at least one
 * @throws StorageError when none of them opens this store
 */
export async function unlock(store: Store, secrets: readonly string[]): Promise<Vault> {
  const [first, ...others] = secrets.map((secret) => new StoreKey(secret))
  if (!first) throw new TypeError('A store needs a key.')
  const seal = createSeal([first, ...others])
  const fresh = randomBytes(32).toString('base64url')
  // Of two replicas that start at once one makes the key.
  await store.add({ key: hashKeyPlace, value: seal.seal(hashKeyPlace, fresh) }, [])
  const kept = (await store.get(hashKeyPlace)) ?? ''
  const hashKey = openKept(seal, kept)
  if (!kept.startsWith(first.id)) {
    await store.set({ key: hashKeyPlace, value: seal.seal(hashKeyPlace, hashKey) })
  }
  return createVault([first, ...others], createSecretKey(Buffer.from(hashKey, 'base64url')))
}

function openKept(seal: Pick<Vault, 'open'>, kept: string): string {
  try {
    return seal.open(hashKeyPlace, kept)
  } catch (cause) {
    if (!(cause instanceof VaultError)) throw cause
    throw new StorageError(
      'STORE_KEY does not fit this store: it was written with another key. Put that one after the new one.',
      { cause },
    )
  }
}
