type ReadMany = (
  keys: readonly string[],
) => Promise<ReadonlyMap<string, string>> | ReadonlyMap<string, string>

interface Waiting {
  readonly promise: Promise<string | undefined>
  resolve(value: string | undefined): void
  reject(error: unknown): void
}

/** How many keys are asked for at once. */
const batchSize = 500

/**
 * Reads what is asked for at about the same time with one question: what the requests that arrived together
 * need costs one trip to the store, and a request that looks for a token under three kinds one of its own.
 */
export class BatchedReads {
  readonly #readMany: ReadMany
  #waiting = new Map<string, Waiting>()

  /** @param readMany returns those that are there */
  constructor(readMany: ReadMany) {
    this.#readMany = readMany
  }

  /** @throws what `readMany` throws */
  get(key: string): Promise<string | undefined> {
    const asked = this.#waiting.get(key)
    if (asked) return asked.promise
    // After everything that has arrived by now has been looked at.
    if (this.#waiting.size === 0) setImmediate(() => this.#flush())
    const waiting = Promise.withResolvers<string | undefined>()
    this.#waiting.set(key, waiting)
    if (this.#waiting.size === batchSize) void this.#flush()
    return waiting.promise
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = new Map()
    if (batch.size === 0) return
    try {
      const found = await this.#readMany([...batch.keys()])
      for (const [key, { resolve }] of batch) resolve(found.get(key))
    } catch (error) {
      for (const { reject } of batch.values()) reject(error)
    }
  }
}
