import { describe, expect, it } from '@jest/globals'
import { createStreamLimit, whenDone } from '../../../resource-server/auth/stream-limit.ts'

describe('createStreamLimit', () => {
  it('gives each address its places and no more', () => {
    const limit = createStreamLimit(2)
    expect(limit.take('192.0.2.1')).toBeDefined()
    expect(limit.take('192.0.2.1')).toBeDefined()
    expect(limit.take('192.0.2.1')).toBeUndefined()
    expect(limit.take('192.0.2.2')).toBeDefined()
  })

  it('gives a place to the next when one comes back', () => {
    const limit = createStreamLimit(1)
    const release = limit.take('192.0.2.1')
    release?.()
    expect(limit.take('192.0.2.1')).toBeDefined()
    expect(limit.take('192.0.2.1')).toBeUndefined()
  })

  it('counts a place that comes back twice once', () => {
    const limit = createStreamLimit(2)
    const release = limit.take('192.0.2.1')
    limit.take('192.0.2.1')
    release?.()
    release?.()
    expect(limit.take('192.0.2.1')).toBeDefined()
    expect(limit.take('192.0.2.1')).toBeUndefined()
  })

  it('treats addresses as text, whatever it spells', () => {
    const limit = createStreamLimit(1)
    expect(limit.take('__proto__')).toBeDefined()
    expect(limit.take('__proto__')).toBeUndefined()
    expect(limit.take('constructor')).toBeDefined()
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
