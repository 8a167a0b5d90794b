import { DatabaseSync } from 'node:sqlite'
import { keepPrivate } from './private-file.ts'

/** SQLITE_BUSY: https://sqlite.org/rescode.html#busy */
const busy = 5

/**
 * Takes the lock of a file, across processes. It ends with its holder, however that ends: it is the operating
 * system's own, as SQLite takes it. Nothing is written to the file.
 * @param path of a file for nothing else; it is made when missing
 * @param waitMs how long to wait for another holder, with this thread, in milliseconds. Default: not at all
 * @returns releases the lock; undefined when somebody else holds it
 * @throws when the file cannot be used
 */
export function takeLockFile(path: string, waitMs = 0): (() => void) | undefined {
  keepPrivate(path)
  const database = new DatabaseSync(path, { timeout: waitMs })
  try {
    database.exec('BEGIN EXCLUSIVE')
    return () => database.close()
  } catch (error) {
    database.close()
    if (Object(error).errcode === busy) return undefined
    throw error
  }
}
