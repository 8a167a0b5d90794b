import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { createInProcessLocks } from '../in-process-locks.ts'
import { unusable } from './unusable.ts'

/** How often a lock that somebody holds is tried again, in milliseconds. */
const retryMs = 30

/** Whoever waits for longer than this is told, in milliseconds. */
const patienceMs = 2000

/** Options of {@link createProcessLocks}. */
export interface ProcessLockOptions {
  /** Where the lock files lie. It is made when missing. */
  readonly folder: string
  /** Ends the waiting. */
  readonly signal?: AbortSignal
  /** Told once for each lock that takes a while to get. */
  readonly onWait?: () => void
}

/**
 * Locks by name that hold across processes and end with their holder, however it ends: the operating system's own,
 * as SQLite takes them on a file. Nothing is written to those files.
 */
export function createProcessLocks({
  folder,
  signal,
  onWait = () => {},
}: ProcessLockOptions): <Result>(name: string, work: () => Promise<Result>) => Promise<Result> {
  const inProcess = createInProcessLocks()

  async function openLockFile(name: string): Promise<DatabaseSync> {
    const file = createHash('sha256').update(name).digest('hex').slice(0, 32)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return new DatabaseSync(join(folder, `${file}.lock`), { timeout: 0 })
    } catch (cause) {
      throw unusable(folder, cause)
    }
  }

  async function acquire(name: string): Promise<() => void> {
    const database = await openLockFile(name)
    const since = Date.now()
    let told = false
    try {
      while (!takes(database, folder)) {
        signal?.throwIfAborted()
        if (!told && Date.now() - since > patienceMs) {
          told = true
          onWait()
        }
        await delay(retryMs, undefined, signal && { signal })
      }
    } catch (error) {
      database.close()
      throw error
    }
    return () => database.close()
  }

  return (name, work) =>
    inProcess(name, async () => {
      const release = await acquire(name)
      try {
        return await work()
      } finally {
        release()
      }
    })
}

/** SQLITE_BUSY: https://sqlite.org/rescode.html#busy */
const busy = 5

function takes(database: DatabaseSync, folder: string): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (Object(error).errcode === busy) return false
    throw unusable(folder, error)
  }
}
