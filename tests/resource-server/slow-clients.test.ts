import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../config/index.ts'
import { createResourceServer } from '../../resource-server/app.ts'
import { openSharedState } from '../../resource-server/state/shared-state.ts'
import { createHttpServer } from '../../runtime/http-server.ts'
import { listen } from '../../runtime/listen.ts'
import { createLogger } from '../../runtime/logger.ts'
import { stop } from '../../runtime/shutdown.ts'
import { callTool } from '../support/mcp-request.ts'

let server: ReturnType<typeof createHttpServer>
let port: number
let resource: string

beforeEach(async () => {
  server = createHttpServer((req, res) => handler(req, res), {})
  port = await listen(server, { host: '127.0.0.1', port: 0 })
  resource = `http://localhost:${port}/mcp`
  const config = loadConfig({ RESOURCE: resource, ISSUER: 'http://localhost:1' }, 'resource-server')
  const { app } = await createResourceServer(config, {
    logger: createLogger('test', 'silent'),
    state: await openSharedState('memory:'),
    client: config.resourceClient,
  })
  const handler = app.callback()
})
afterEach(() => stop(server, 0))

async function openSocket(text: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {}) // being cut off is what is waited for
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

const closed = (socket: Socket) => (socket.closed ? Promise.resolve() : once(socket, 'close'))

describe('slow clients', () => {
  it('have ten seconds for their headers and thirty for a request', () => {
    expect([server.headersTimeout, server.requestTimeout]).toEqual([10_000, 30_000])
  })

  it('that never finish their headers are cut off, and hold up nobody meanwhile (slowloris)', async () => {
    server.headersTimeout = 300
    const sockets = await Promise.all(
      Array.from({ length: 200 }, () => openSocket('POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')),
    )
    const answers = await Promise.all(Array.from({ length: 50 }, () => callTool(resource, 'public_info')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    for (const socket of sockets) socket.resume()
    await Promise.all(sockets.map(closed))
  })

  it('that never finish their body are cut off as well', async () => {
    server.requestTimeout = 300
    server.headersTimeout = 200
    const head =
      'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{'
    const socket = await openSocket(head)
    socket.resume()
    await closed(socket)
    expect((await callTool(resource, 'public_info')).status).toBe(200)
  })

  it('that send more than a mebibyte without saying so are answered 413', async () => {
    const socket = await openSocket(
      'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    let answer = ''
    socket.on('data', (data) => {
      answer += data
    })
    for (let sent = 0; sent < 40 && answer === ''; sent += 1) {
      socket.write(chunk)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.race([closed(socket), once(socket, 'data')])
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toMatch(/connection: close/i)
    socket.destroy()
  })
})
