interface Waiting<Question, Answer> {
  readonly question: Question
  resolve(answer: Answer): void
  reject(error: unknown): void
}

/** How many questions are asked at once. */
const batchSize = 500

/** Answers all questions, in their order. */
type AskAll<Question, Answer> = (questions: readonly Question[]) => Promise<readonly Answer[]>

/** Options of {@link Batches}. */
export interface BatchesOptions<Question> {
  /** How many batches are asked at once; further questions wait, and are asked together. Default: any number. */
  readonly atOnce?: number
  /** What no two questions of a batch may have in common. Default: nothing. */
  readonly keysOf?: (question: Question) => readonly string[]
}

/** Asks together what comes up together: what many requests need costs one trip to the store, or one commit. */
export class Batches<Question, Answer> {
  readonly #askAll: AskAll<Question, Answer>
  readonly #atOnce: number
  readonly #keysOf: (question: Question) => readonly string[]
  #waiting: Waiting<Question, Answer>[] = []
  #collecting = false
  #asked = 0

  constructor(
    askAll: AskAll<Question, Answer>,
    { atOnce = Number.POSITIVE_INFINITY, keysOf = () => [] }: BatchesOptions<Question> = {},
  ) {
    this.#askAll = askAll
    this.#atOnce = atOnce
    this.#keysOf = keysOf
  }

  /** @throws what asking throws. Whatever waits behind that fails with it, so that nobody waits twice as long */
  ask(question: Question): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#waiting.push({ question, resolve, reject })
    this.#collect()
    return promise
  }

  /** Waits until everything that has arrived by now has been looked at. */
  #collect(): void {
    if (this.#collecting || this.#asked >= this.#atOnce || this.#waiting.length === 0) return
    this.#collecting = true
    setImmediate(() => {
      this.#collecting = false
      void this.#askNext()
    })
  }

  async #askNext(): Promise<void> {
    const batch = this.#take()
    if (batch.length === 0) return
    this.#asked += 1
    try {
      const answers = await this.#askAll(batch.map(({ question }) => question))
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer)
    } catch (error) {
      const behind = this.#asked < this.#atOnce ? [] : this.#waiting.splice(0)
      for (const { reject } of [...batch, ...behind]) reject(error)
    }
    this.#asked -= 1
    this.#collect()
  }

  /** Those with a key in common stay in their order. */
  #take(): readonly Waiting<Question, Answer>[] {
    const taken = new Set<string>()
    const batch: Waiting<Question, Answer>[] = []
    const rest: Waiting<Question, Answer>[] = []
    for (const waiting of this.#waiting) {
      const keys = this.#keysOf(waiting.question)
      const free = batch.length < batchSize && !keys.some((key) => taken.has(key))
      for (const key of keys) taken.add(key)
      ;(free ? batch : rest).push(waiting)
    }
    this.#waiting = rest
    return batch
  }
}
