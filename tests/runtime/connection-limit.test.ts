import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createHttpServer, type HttpServerConfig } from '../../runtime/http-server.ts'
import { listen } from '../../runtime/listen.ts'
import { stop } from '../../runtime/shutdown.ts'

let server: ReturnType<typeof createHttpServer>
let refusals: string[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await stop(server, 0)
})

async function start(config: HttpServerConfig): Promise<number> {
  refusals = []
  server = createHttpServer(
    (_, response) => response.end('served'),
    config,
    (reason) => refusals.push(reason),
  )
  return listen(server, { host: '127.0.0.1', port: 0 })
}

/** Sends a text, and collects the answer. */
function send(port: number, text: string): { socket: Socket; answer: Promise<string> } {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  let answer = ''
  socket.on('error', () => {})
  socket.setEncoding('utf8').on('data', (data: string) => {
    answer += data
  })
  socket.write(text)
  return { socket, answer: once(socket, 'close').then(() => answer) }
}
const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

async function hold(port: number, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const accepted = once(server, 'connection')
    send(port, 'GET / HTTP/1.1\r\n')
    await accepted
  }
}

describe('connections', () => {
  it('of one network are at most a quarter of all, and those above are refused and counted', async () => {
    const port = await start({ maxConnections: 8 })
    await hold(port, 2)
    expect(await send(port, request).answer).toBe('')
    expect(refusals).toEqual(['network'])
    sockets[0]?.destroy()
    while ((await send(port, request).answer) === '') await new Promise((resolve) => setImmediate(resolve))
  })

  it('of a trusted proxy have no bound but the maximum, and those above that are refused and counted', async () => {
    const port = await start({ maxConnections: 8, trustProxy: ['loopback'] })
    await hold(port, 8)
    expect(await send(port, request).answer).toBe('')
    expect(refusals).toEqual(['maximum'])
  })

  it.each([
    ['no HTTP', 'rubbish\r\n\r\n', 400, 'malformed'],
    [
      'headers of more than 16 KiB',
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    [
      'more than 200 headers',
      `GET / HTTP/1.1\r\nHost: x\r\n${'a:\r\n'.repeat(201)}\r\n`,
      431,
      'headers_too_large',
    ],
  ])('with %s are answered and counted', async (_, text, status, reason) => {
    const port = await start({})
    expect(await send(port, text).answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(refusals).toEqual([reason])
  })

  it('whose headers do not come in time are answered 408 and counted', async () => {
    const port = await start({})
    server.headersTimeout = 1
    expect(await send(port, 'GET / HTTP/1.1\r\n').answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(refusals).toEqual(['timeout'])
  })
})
