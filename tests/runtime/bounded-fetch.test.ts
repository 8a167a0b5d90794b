import { afterEach, describe, expect, it } from '@jest/globals'
import { AnswerTooLong, createBoundedFetch, describeBytes } from '../../runtime/bounded-fetch.ts'
import { createFlood, drip, openAnswering } from '../support/flood.ts'
import type { TestServer } from '../support/http-server.ts'

let server: TestServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const fetchBounded = createBoundedFetch({ maxBytes: 1000 })

describe('a bounded fetch', () => {
  it('gives an answer that is as long as it may be, with its status and headers', async () => {
    server = await openAnswering((response) => {
      response.statusCode = 404
      response.end('x'.repeat(1000))
    })
    const response = await fetchBounded(server.origin)
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json'])
    expect(await response.text()).toHaveLength(1000)
  })

  it.each([204, 304])('gives an answer without a body: %i', async (status) => {
    server = await openAnswering((response) => {
      response.statusCode = status
      response.end()
    })
    expect((await fetchBounded(server.origin)).status).toBe(status)
  })

  it('refuses one byte more', async () => {
    server = await openAnswering((response) => {
      response.write('x'.repeat(500))
      response.end('x'.repeat(501))
    })
    await expect(fetchBounded(server.origin)).rejects.toBeInstanceOf(AnswerTooLong)
  })

  it.each([undefined, 'gzip', 'deflate', 'br', 'zstd'] as const)(
    'hangs up on an answer without end, compressed with %s',
    async (coding) => {
      const flood = createFlood({ ...(coding && { coding }) })
      server = await openAnswering(flood.send)
      await expect(fetchBounded(server.origin)).rejects.toMatchObject({
        code: 'ERR_ANSWER_TOO_LONG',
        maxBytes: 1000,
      })
      expect(await flood.ended()).toBe('the client hung up')
    },
  )

  it('reads nothing of what says itself that it is too long', async () => {
    const flood = createFlood()
    server = await openAnswering((response) => {
      response.setHeader('content-length', 2 ** 28)
      flood.send(response)
    })
    await expect(fetchBounded(server.origin)).rejects.toBeInstanceOf(AnswerTooLong)
    expect(await flood.ended()).toBe('the client hung up')
  })

  it('ends when its signal says so while the body comes', async () => {
    server = await openAnswering(drip)
    await expect(fetchBounded(server.origin, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })
})

it.each([
  [16 * 2 ** 20, '16 MiB'],
  [64 * 1024, '64 KiB'],
  [1000, '1000 bytes'],
])('%i bytes are described as %s', (bytes, words) => {
  expect(describeBytes(bytes)).toBe(words)
})
