import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { takeLockFile } from '../../runtime/lock-file.ts'
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

/** Locks by name that hold across processes and end with their holder, however it ends. */
export function createProcessLocks({
  folder,
  signal,
  onWait = () => {},
}: ProcessLockOptions): <Result>(name: string, work: () => Promise<Result>) => Promise<Result> {
  const inProcess = createInProcessLocks()

  async function lockFileOf(name: string): Promise<string> {
    const file = createHash('sha256').update(name).digest('hex').slice(0, 32)
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause) => {
      throw unusable(folder, cause)
    })
    return join(folder, `${file}.lock`)
  }

  async function acquire(name: string): Promise<() => void> {
    const file = await lockFileOf(name)
    const since = Date.now()
    let told = false
    for (;;) {
      const release = take(file, folder)
      if (release) return release
      signal?.throwIfAborted()
      if (!told && Date.now() - since > patienceMs) {
        told = true
        onWait()
      }
      await delay(retryMs, undefined, signal && { signal })
    }
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

function take(file: string, folder: string): (() => void) | undefined {
  try {
    return takeLockFile(file)
  } catch (cause) {
    throw unusable(folder, cause)
  }
}
