import { afterEach, describe, expect, it } from '@jest/globals'
import { createOperationsServer, type Operations } from '../../runtime/operations-server.ts'
import { openServer, type TestServer } from '../support/http-server.ts'

let served: TestServer | undefined
afterEach(() => served?.close())

async function get(path: string, operations: Partial<Operations> = {}, method = 'GET') {
  const operationsServer = createOperationsServer({
    metrics: async () => 'up 1\n',
    ready: async () => {},
    ...operations,
  })
  await served?.close()
  served = await openServer((request, response) => operationsServer.emit('request', request, response))
  // Longer than the server may take to find out whether it is ready.
  const response = await fetch(served.origin + path, { method, signal: AbortSignal.timeout(8000) })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('the operations server', () => {
  it('serves metrics in the Prometheus format, which no cache keeps', async () => {
    const { status, headers, text } = await get('/metrics')
    expect([status, text]).toEqual([200, 'up 1\n'])
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('says that the process is alive, even when it is not ready', async () => {
    const ready = () => Promise.reject(new Error('the store cannot be reached'))
    expect(await get('/healthz', { ready })).toMatchObject({ status: 200, text: 'ok\n' })
  })

  it('says that it is ready', async () => {
    expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ready\n' })
  })

  it('says what it is not ready for', async () => {
    const ready = () => Promise.reject(new Error('the store cannot be reached'))
    expect(await get('/readyz', { ready })).toMatchObject({
      status: 503,
      text: 'not ready: the store cannot be reached\n',
    })
  })

  it('is not ready when finding out takes longer than a few seconds', async () => {
    const ready = () => new Promise<void>(() => {})
    expect(await get('/readyz', { ready })).toMatchObject({
      status: 503,
      text: 'not ready: no answer in time\n',
    })
  })

  it('answers 500 when the metrics cannot be collected, and lives on', async () => {
    const metrics = () => Promise.reject(new Error('no figures'))
    expect((await get('/metrics', { metrics })).status).toBe(500)
  })

  it('knows nothing else', async () => {
    expect((await get('/')).status).toBe(404)
    expect((await get('/metrics', {}, 'POST')).status).toBe(405)
  })
})

it('is not ready any more when the program begins to stop, and still alive', async () => {
  const stopping = AbortSignal.abort()
  expect(await get('/readyz', { stopping })).toMatchObject({
    status: 503,
    text: 'not ready: it is stopping\n',
  })
  expect(await get('/healthz', { stopping })).toMatchObject({ status: 200 })
})
