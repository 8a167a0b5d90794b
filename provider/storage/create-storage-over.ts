import { Keyv, type KeyvStoreAdapter } from 'keyv'
import type { Entry, Storage } from './storage.ts'
import type { Store } from './store.ts'
import { noVault, type Vault } from './vault.ts'
import { assertWritable } from './writable.ts'

/**
 * Wraps a store for the provider's use: values become text, sealed, under hashed keys. A store's failure is
 * thrown, never taken for "not there": a lost revocation or a false `invalid_grant` is worse than a 500.
 * @param vault hashes and seals. Default: nothing is hashed or sealed
 */
export function createStorageOver(store: Store, vault: Vault = noVault): Storage {
  const keyv = new Keyv<unknown>({
    store: asKeyvStore(store, vault),
    throwOnErrors: true,
    // Whole keys are written: two Keyvs over one store would otherwise share the last one's prefix.
    useKeyPrefix: false,
    // Keyv's own serialisation turns strings that start with ":base64:" into buffers.
    serialize: JSON.stringify,
    deserialize: JSON.parse,
  })
  // What Keyv cannot do goes to the store in the form that Keyv reads.
  const entry = ({ key, value, ttlMs }: Entry) => sealed(vault, key, JSON.stringify({ value }), ttlMs)

  return {
    get: <Value>(key: string) => keyv.get<Value>(key),
    async set(key, value, ttlMs) {
      await keyv.set(key, value, ttlMs)
    },
    add: async (key, value, ttlMs, others = []) => store.add(entry({ key, value, ttlMs }), others.map(entry)),
    delete: (key) => keyv.delete(key),
    async addMember(set, member, ttlMs) {
      const [place, id] = memberPlace(vault, set, member)
      await store.addMember(place, { id, value: vault.seal(`${place} ${id}`, member), ttlMs })
    },
    removeMember: async (set, member) => store.removeMember(...memberPlace(vault, set, member)),
    async members(set) {
      const place = placeOf(vault, set)
      const members = await store.members(place)
      return members.map(({ id, value }) => vault.open(`${place} ${id}`, value))
    },
    createLimiter(name, limit) {
      const limiter = store.createLimiter(name, limit)
      // Who is counted is an address or a user name.
      limiter.getKey = (key) => `${name}:${vault.hash(`${name} ${key}`)}`
      return limiter
    },
    check: () => assertWritable(store),
    close: async () => store.close(),
  }
}

function asKeyvStore(store: Store, vault: Vault): KeyvStoreAdapter {
  return {
    opts: {},
    on() {
      return this
    },
    async get(key) {
      const place = placeOf(vault, key)
      const value = await store.get(place)
      if (value === undefined) return undefined
      const text = vault.open(place, value)
      // After a change of keys what is used moves to the new one, and the old one becomes superfluous.
      if (!vault.isCurrent(value)) await store.replace(place, value, vault.seal(place, text))
      return text as never
    },
    set: async (key, value, ttlMs) => store.set(sealed(vault, key, value, ttlMs)),
    delete: async (key) => store.delete(placeOf(vault, key)),
    async clear() {
      throw new Error('The provider never clears its store.')
    },
  }
}

function sealed(vault: Vault, key: string, text: string, ttlMs: number | undefined): Entry<string> {
  const place = placeOf(vault, key)
  return { key: place, value: vault.seal(place, text), ttlMs }
}

/** The kind stays readable, for the operator's count of entries. */
function placeOf(vault: Vault, key: string): string {
  const end = key.indexOf(':') + 1
  return key.slice(0, end) + vault.hash(key.slice(end))
}

function memberPlace(vault: Vault, set: string, member: string): [place: string, id: string] {
  return [placeOf(vault, set), vault.hash(`${set} ${member}`)]
}
