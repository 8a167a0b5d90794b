import { setTimeout as delay } from 'node:timers/promises'
import { MemoryStore } from '../../provider/storage/memory-store.ts'
import type { Store } from '../../provider/storage/store.ts'

/** A store in memory, with something done before each use. */
function storeThat(before: () => void | Promise<void>): Store {
  const store = new MemoryStore()
  const after = <Result>(use: () => Result) => Promise.resolve().then(before).then(use)
  return {
    get: (key) => after(() => store.get(key)),
    set: (entry) => after(() => store.set(entry)),
    add: (entry, others) => after(() => store.add(entry, others)),
    replace: (key, from, to) => after(() => store.replace(key, from, to)),
    delete: (key) => after(() => store.delete(key)),
    addMember: (set, member) => after(() => store.addMember(set, member)),
    removeMember: (set, id) => after(() => store.removeMember(set, id)),
    members: (set) => after(() => store.members(set)),
    createLimiter: (name, limit) => store.createLimiter(name, limit),
    sweep: () => after(() => store.sweep()),
    report: () => after(() => store.report()),
    close: () => {},
  }
}

/** A store that is as far away as a database: everything takes some milliseconds, and callers interleave. */
export function slowStore(): Store {
  return storeThat(() => delay(4))
}

/** A store that can be taken down and brought back. */
export function breakableStore(): Store & { down: boolean } {
  const store = Object.assign(
    storeThat(() => {
      if (store.down) throw new Error('connect ECONNREFUSED')
    }),
    { down: false },
  )
  return store
}
