import { describe, expect, it } from '@jest/globals'
import { Batches } from '../../../provider/storage/batches.ts'

/** Answers each batch when it is told to, with the questions in capitals. */
function askedBy(options: ConstructorParameters<typeof Batches<string, string>>[1]) {
  const batches: { questions: readonly string[]; answer(): void; fail(error: Error): void }[] = []
  let wake = () => {}
  const asking = new Batches<string, string>((questions) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
    const answer = () => resolve(questions.map((question) => question.toUpperCase()))
    batches.push({ questions, answer, fail: reject })
    wake()
    return promise
  }, options)
  /** The next batch, when it has been asked. */
  async function next() {
    while (batches.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return batches.shift() as (typeof batches)[0]
  }
  return { asking, next, batches }
}

describe('Batches', () => {
  it('asks together what comes up together, and gives each its own answer', async () => {
    const { asking, next } = askedBy({})
    const answers = Promise.all(['a', 'b', 'a'].map((question) => asking.ask(question)))
    const batch = await next()
    expect(batch.questions).toEqual(['a', 'b', 'a'])
    batch.answer()
    expect(await answers).toEqual(['A', 'B', 'A'])
  })

  it('lets wait what comes up while as many are asked as may be', async () => {
    const { asking, next, batches } = askedBy({ atOnce: 1 })
    const first = asking.ask('a')
    const batch = await next()
    const later = Promise.all([asking.ask('b'), asking.ask('c')])
    await new Promise(setImmediate)
    expect(batches).toEqual([])
    batch.answer()
    expect(await first).toBe('A')
    const second = await next()
    expect(second.questions).toEqual(['b', 'c'])
    second.answer()
    expect(await later).toEqual(['B', 'C'])
  })

  it('keeps what has a key in common in its order, in batches of their own', async () => {
    const { asking, next } = askedBy({ atOnce: 1, keysOf: (question) => [...question] })
    const answers = Promise.all(['ab', 'bc', 'd', 'ce', 'a'].map((question) => asking.ask(question)))
    for (const expected of [['ab', 'd'], ['bc', 'a'], ['ce']]) {
      const { questions, answer } = await next()
      expect(questions).toEqual(expected)
      answer()
    }
    expect(await answers).toEqual(['AB', 'BC', 'D', 'CE', 'A'])
  })

  it('fails what waits behind a failure, and asks again for what comes afterwards', async () => {
    const { asking, next } = askedBy({ atOnce: 1 })
    const first = asking.ask('a')
    const batch = await next()
    const behind = asking.ask('b')
    batch.fail(new Error('the store is gone'))
    await expect(first).rejects.toThrow('gone')
    await expect(behind).rejects.toThrow('gone')
    const afterwards = asking.ask('c')
    const recovered = await next()
    recovered.answer()
    expect(await afterwards).toBe('C')
  })
})
