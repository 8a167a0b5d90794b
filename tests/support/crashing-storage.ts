import type { Storage } from '../../provider/storage/storage.ts'

/** A storage whose process can be made to die after a number of writes: from then on it does nothing any more. */
export interface CrashingStorage {
  readonly storage: Storage
  /** Dies after that many more writes. */
  crashAfter(writes: number): void
  /** Starts again, with what had been written. @returns whether it had died */
  restart(): boolean
}

/** Every state that kill -9 can leave behind, one after the other, without a process to kill. */
export function createCrashingStorage(storage: Storage): CrashingStorage {
  let writesLeft = Number.POSITIVE_INFINITY
  let dead = false

  function assertAlive(): void {
    if (dead) throw new Error('The process has been killed.')
  }

  async function write<Result>(act: () => Promise<Result>): Promise<Result> {
    if (writesLeft === 0) dead = true
    assertAlive()
    writesLeft -= 1
    const result = await act()
    assertAlive()
    return result
  }

  return {
    storage: {
      ...storage,
      async get(key) {
        assertAlive()
        return storage.get(key)
      },
      set: (...entry) => write(() => storage.set(...entry)),
      add: (...entry) => write(() => storage.add(...entry)),
      delete: (key) => write(() => storage.delete(key)),
      addMember: (...member) => write(() => storage.addMember(...member)),
      removeMember: (...member) => write(() => storage.removeMember(...member)),
    },
    crashAfter(writes) {
      writesLeft = writes
    },
    restart() {
      const died = dead
      dead = false
      writesLeft = Number.POSITIVE_INFINITY
      return died
    },
  }
}
