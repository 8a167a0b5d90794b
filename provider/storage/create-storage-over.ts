import { Keyv, type KeyvStoreAdapter } from 'keyv'
import type { Entry, Storage } from './storage.ts'
import type { Store } from './store.ts'

/**
 * Wraps a store for the provider's use. A store's failure is thrown, never taken for "not there":
 * a lost revocation or a false `invalid_grant` is worse than a 500.
 */
export function createStorageOver(store: Store): Storage {
  const keyv = new Keyv<unknown>({
    store: asKeyvStore(store),
    throwOnErrors: true,
    // Whole keys are written: two Keyvs over one store would otherwise share the last one's prefix.
    useKeyPrefix: false,
    // Keyv's own serialisation turns strings that start with ":base64:" into buffers.
    serialize: JSON.stringify,
    deserialize: JSON.parse,
  })
  // What Keyv cannot do goes to the store in the form that Keyv reads.
  const text = ({ key, value, ttlMs }: Entry): Entry<string> => ({
    key,
    value: JSON.stringify({ value }),
    ttlMs,
  })
  return {
    get: <Value>(key: string) => keyv.get<Value>(key),
    async set(key, value, ttlMs) {
      await keyv.set(key, value, ttlMs)
    },
    add: async (key, value, ttlMs, others = []) => store.add(text({ key, value, ttlMs }), others.map(text)),
    delete: (key) => keyv.delete(key),
    addMember: async (set, member, ttlMs) => store.addMember(set, { id: member, value: member, ttlMs }),
    removeMember: async (set, member) => store.removeMember(set, member),
    members: async (set) => store.members(set),
    createLimiter: (name, limit) => store.createLimiter(name, limit),
    check: async () => store.check(),
    close: async () => store.close(),
  }
}

function asKeyvStore(store: Store): KeyvStoreAdapter {
  return {
    opts: {},
    on() {
      return this
    },
    get: async (key) => (await store.get(key)) as never,
    set: async (key, value, ttlMs) => store.set({ key, value, ttlMs }),
    delete: async (key) => store.delete(key),
    async clear() {
      throw new Error('The provider never clears its store.')
    },
  }
}
