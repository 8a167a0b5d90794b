import type { DatabaseSync } from 'node:sqlite'

interface Write {
  run(): void
  settle(error?: unknown): void
}

/**
 * Commits what is written at about the same time together: with synchronous=FULL each commit waits for the
 * disk, and fifty writes then wait once. No write is reported as done before it is on the disk.
 */
export class WriteQueue {
  readonly #database: DatabaseSync
  readonly #assertUsable: () => void
  #waiting: Write[] = []

  /** @param assertUsable throws when nothing may be written. Default: never */
  constructor(database: DatabaseSync, assertUsable: () => void = () => {}) {
    this.#database = database
    this.#assertUsable = assertUsable
  }

  /** @throws what the commit or the statement throws; then nothing of it was written */
  write<Result>(statement: () => Result): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    let result: Result
    if (this.#waiting.length === 0) setImmediate(() => this.flush())
    this.#waiting.push({
      run() {
        result = statement()
      },
      settle: (error) => (error === undefined ? resolve(result) : reject(error)),
    })
    return promise
  }

  /** Writes what waits. */
  flush(): void {
    const writes = this.#waiting
    this.#waiting = []
    if (writes.length === 0) return
    let failure: unknown
    try {
      this.#assertUsable()
      this.#database.exec('BEGIN IMMEDIATE')
      for (const { run } of writes) run()
      this.#database.exec('COMMIT')
    } catch (error) {
      failure = error
      // A full disk rolls back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    }
    for (const { settle } of writes) settle(failure)
  }
}
