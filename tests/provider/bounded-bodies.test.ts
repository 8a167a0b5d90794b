import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import Koa from 'koa'
import getRawBody from 'raw-body'
import { boundedBodies } from '../../provider/bounded-bodies.ts'
import { createBodyBudget } from '../../runtime/body-budget.ts'
import { openServer } from '../support/http-server.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

let running: RunningProvider
beforeAll(async () => {
  running = await startProvider()
})
afterAll(() => running.stop())

const register = async (body: string) => {
  const response = await fetch(`${running.issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

describe('a registration', () => {
  it.each([
    ['nested deeply', `{"redirect_uris":${'['.repeat(25_000)}${']'.repeat(25_000)}}`, '16 levels of nesting'],
    [
      'of many keys',
      JSON.stringify(Object.fromEntries(Array.from({ length: 4000 }, (_, index) => [`k${index}`, 1]))),
      '500 keys',
    ],
  ])('%s is a 400 that says how much there may be', async (_, text, bound) => {
    const { status, body } = await register(text)
    expect([status, body.error_description]).toEqual([400, `The body has more than ${bound}.`])
  })

  it('that fits is registered', async () => {
    expect((await register('{"redirect_uris":["https://app.example/callback"]}')).status).toBe(201)
  })
})

describe('bodies that do not arrive', () => {
  const half = 'POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n'

  async function serve(options: object) {
    const app = new Koa().use(boundedBodies({ addressOf: () => '192.0.2.1', ...options }))
    app.silent = true
    app.use(async (ctx) => {
      ctx.body = await getRawBody(ctx.req)
    })
    const server = await openServer(app.callback())
    const send = async () => {
      const socket = connect(server.port, '127.0.0.1')
      let answer = ''
      socket.on('error', () => {})
      socket.on('data', (data) => {
        answer += data
      })
      await once(socket, 'connect')
      socket.write(half + 'x'.repeat(40_000))
      return {
        socket,
        async status() {
          if (answer === '') await once(socket, 'data')
          return answer.split(' ')[1]
        },
      }
    }
    return { server, send }
  }

  it('in time are a 408', async () => {
    const { server, send } = await serve({ timeoutMs: 20 })
    const { socket, status } = await send()
    expect(await status()).toBe('408')
    socket.destroy()
    await server.close()
  })

  it('take no more memory than there is: the oldest is a 503', async () => {
    const bytes = 100_000
    const budget = createBodyBudget({
      totalBytes: bytes,
      anonymousBytes: bytes,
      networkBytes: bytes,
      callerBytes: bytes,
    })
    const { server, send } = await serve({ budget })
    const oldest = await send()
    const others = [await send(), await send()]
    expect(await oldest.status()).toBe('503')
    expect(budget.takenBytes).toBeLessThanOrEqual(bytes)
    for (const { socket } of [oldest, ...others]) socket.destroy()
    await server.close()
  })
})
