import { describe, expect, it } from '@jest/globals'
import { createStreamLimit, whenDone } from '../../../resource-server/auth/stream-limit.ts'

describe('createStreamLimit', () => {
  const share = (key: string, max: number) => [{ key, max }]

  it('gives each its places and no more', () => {
    const limit = createStreamLimit(100)
    expect(limit.take(share('192.0.2.1', 2))).toBeDefined()
    expect(limit.take(share('192.0.2.1', 2))).toBeDefined()
    expect(limit.take(share('192.0.2.1', 2))).toBeUndefined()
    expect(limit.take(share('192.0.2.2', 2))).toBeDefined()
  })

  it('gives a place to the next when one comes back, and counts one that comes back twice once', () => {
    const limit = createStreamLimit(100)
    const release = limit.take(share('192.0.2.1', 2))
    limit.take(share('192.0.2.1', 2))
    release?.()
    release?.()
    expect(limit.take(share('192.0.2.1', 2))).toBeDefined()
    expect(limit.take(share('192.0.2.1', 2))).toBeUndefined()
  })

  it('takes no place in any share when one of them is full', () => {
    const limit = createStreamLimit(100)
    const both = [...share('narrow', 1), ...share('wide', 2)]
    expect(limit.take(both)).toBeDefined()
    for (let index = 0; index < 5; index += 1) expect(limit.take(both)).toBeUndefined()
    expect(limit.take([...share('neighbour', 1), ...share('wide', 2)])).toBeDefined()
    expect(limit.take([...share('another', 1), ...share('wide', 2)])).toBeUndefined()
  })

  it('bounds all together, and keeps the second half for those that hold little', () => {
    const limit = createStreamLimit(8)
    const counts = Array.from({ length: 8 }, () => limit.take(share('greedy', 8))).filter(Boolean)
    expect(counts).toHaveLength(4)
    const others = Array.from({ length: 5 }, (_, index) => limit.take(share(`other-${index}`, 8)))
    expect(others.map(Boolean)).toEqual([true, true, true, true, false])
    counts[0]?.()
    expect(limit.take(share('late', 8))).toBeDefined()
  })

  it('treats keys as text, whatever it spells', () => {
    const limit = createStreamLimit(100)
    expect(limit.take(share('__proto__', 1))).toBeDefined()
    expect(limit.take(share('__proto__', 1))).toBeUndefined()
    expect(limit.take(share('constructor', 1))).toBeDefined()
  })
})

describe('whenDone', () => {
  function counted(body: BodyInit | null) {
    let calls = 0
    const response = whenDone(new Response(body, { status: 207, headers: { 'x-kept': 'yes' } }), () => {
      calls += 1
    })
    return { response, calls: () => calls }
  }

  it('says so after the last byte, and changes nothing', async () => {
    const { response, calls } = counted('all of it')
    expect(calls()).toBe(0)
    expect(await response.text()).toBe('all of it')
    expect(response.status).toBe(207)
    expect(response.headers.get('x-kept')).toBe('yes')
    expect(calls()).toBe(1)
  })

  it('says so when the body fails, and tells the client nothing of why', async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.error(new Error('the path of a file')),
    })
    const { response, calls } = counted(body)
    expect(await response.text()).toBe('')
    expect(calls()).toBe(1)
  })

  it('says so at once when there is no body', () => {
    expect(counted(null).calls()).toBe(1)
  })

  it('says so when the reader gives up, and tells the source', async () => {
    const reasons: unknown[] = []
    const { response, calls } = counted(new ReadableStream({ cancel: (reason) => void reasons.push(reason) }))
    await response.body?.cancel('gone')
    expect(calls()).toBe(1)
    expect(reasons).toEqual(['gone'])
  })
})
