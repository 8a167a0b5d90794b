import { describe, expect, it } from '@jest/globals'
import { createPlaces } from '../../../resource-server/auth/places.ts'
import { AuthorityUnavailable } from '../../../resource-server/auth/verdict.ts'

/** A task that ends when the test says so. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let started = false
  const task = () => {
    started = true
    return promise
  }
  return { task, end: () => resolve('done'), fail: () => reject(new Error('failed')), started: () => started }
}
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('createPlaces', () => {
  it('runs as many as it has places for, and the next when one ends or fails', async () => {
    const places = createPlaces(2, 10)
    const tasks = [held(), held(), held(), held()]
    const results = Promise.allSettled(tasks.map(({ task }) => places.run(task, 5000)))
    await turn()
    expect(tasks.map(({ started }) => started())).toEqual([true, true, false, false])
    tasks[0]?.end()
    await turn()
    expect(tasks.map(({ started }) => started())).toEqual([true, true, true, false])
    tasks[1]?.fail()
    await turn()
    expect(tasks[3]?.started()).toBe(true)
    tasks[2]?.end()
    tasks[3]?.end()
    expect((await results).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
  })

  it('keeps the places of others free, however many trusted tasks run', async () => {
    const places = createPlaces(10, 10, () => 2)
    const trusted = Array.from({ length: 5 }, held)
    const others = Array.from({ length: 3 }, held)
    for (const { task } of trusted) void places.run(task, 5000)
    for (const { task } of others) void places.run(task, 5000, '192.0.2.1')
    await turn()
    expect(trusted.every(({ started }) => started())).toBe(true)
    expect(others.map(({ started }) => started())).toEqual([true, true, false])
    others[0]?.end()
    await turn()
    expect(others[2]?.started()).toBe(true)
    for (const { end } of [...trusted, ...others]) end()
  })

  it('refuses at once when too many wait', async () => {
    const places = createPlaces(1, 1)
    const [running, waiting, third] = [held(), held(), held()]
    const first = places.run(running.task, 5000)
    const second = places.run(waiting.task, 5000)
    await expect(places.run(third.task, 5000)).rejects.toThrow(AuthorityUnavailable)
    expect(third.started()).toBe(false)
    running.end()
    waiting.end()
    expect(await Promise.all([first, second])).toEqual(['done', 'done'])
  })

  it('lets nobody wait beyond the deadline, and never runs a task whose caller has gone', async () => {
    const places = createPlaces(1, 10)
    const [slow, late, next] = [held(), held(), held()]
    await Promise.all(
      [slow, late].map(({ task }) => expect(places.run(task, 10)).rejects.toThrow('No answer within 10 ms')),
    )
    const third = places.run(next.task, 5000)
    await turn()
    expect(next.started()).toBe(false)
    slow.end()
    await turn()
    expect([late.started(), next.started()]).toEqual([false, true])
    next.end()
    expect(await third).toBe('done')
  })

  it('lets networks take turns, so that a flood from one holds up no other', async () => {
    const places = createPlaces(1, 100)
    const order: string[] = []
    const done = (name: string) => async () => void order.push(name)
    const first = held()
    const all = [places.run(first.task, 5000, 'flood')]
    for (let index = 0; index < 50; index += 1) all.push(places.run(done('flood') as never, 5000, 'flood'))
    all.push(places.run(done('other') as never, 5000, 'other'))
    await turn()
    first.end()
    await Promise.all(all)
    expect(order.indexOf('other')).toBeLessThanOrEqual(1)
    expect(order).toHaveLength(51)
  })

  it('lets the network that waits most often lose when too many wait', async () => {
    const places = createPlaces(1, 10)
    const first = held()
    const running = places.run(first.task, 5000, 'flood')
    const flood = Promise.allSettled(
      Array.from({ length: 20 }, () => places.run(async () => 'flood', 5000, 'flood')),
    )
    const others = Promise.allSettled(
      ['a', 'b', 'c'].map((network) => places.run(async () => network, 5000, network)),
    )
    await turn()
    first.end()
    await running
    expect((await others).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
    const refused = (await flood).filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(13)
    for (const { reason } of refused as PromiseRejectedResult[]) {
      expect(reason).toBeInstanceOf(AuthorityUnavailable)
    }
  })

  it('lets trusted tasks go first, in places of their own and in the queue', async () => {
    const places = createPlaces(5, 100)
    const flood = Array.from({ length: 6 }, () => held())
    const results = flood.map(({ task }) => places.run(task, 5000, 'flood'))
    await turn()
    expect(flood.map(({ started }) => started())).toEqual([true, true, true, true, false, false])
    const trusted = [held(), held()]
    results.push(...trusted.map(({ task }) => places.run(task, 5000)))
    await turn()
    expect(trusted.map(({ started }) => started())).toEqual([true, false])
    flood[0]?.end()
    await turn()
    expect([trusted[1]?.started(), flood[4]?.started()]).toEqual([true, false])
    for (const { end } of [...flood, ...trusted]) end()
    await Promise.all(results)
  })
})
