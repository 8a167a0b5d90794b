import type { Storage } from '../storage/storage.ts'
import type { Metrics } from './metrics.ts'

const operations = ['get', 'set', 'add', 'delete', 'addMember', 'removeMember', 'members', 'check'] as const

/** The same storage, timed: how long each operation takes, and how many fail. */
export function measuredStorage(storage: Storage, { stored }: Pick<Metrics, 'stored'>): Storage {
  const measured = operations.map((operation) => {
    const perform = storage[operation] as (...args: unknown[]) => Promise<unknown>
    return [
      operation,
      async (...args: unknown[]) => {
        const began = performance.now()
        let failed = true
        try {
          const result = await perform(...args)
          failed = false
          return result
        } finally {
          stored(operation, (performance.now() - began) / 1000, failed)
        }
      },
    ]
  })
  return { ...storage, ...Object.fromEntries(measured) }
}
