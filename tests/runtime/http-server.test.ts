import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createHttpServer } from '../../runtime/http-server.ts'
import { listen } from '../../runtime/listen.ts'
import { stop } from '../../runtime/shutdown.ts'

const server = createHttpServer((_, response) => response.end('there'), {})
afterEach(() => stop(server, 0))

describe('the HTTP server', () => {
  it('gives a client 10 s for its headers and 30 s for its request', () => {
    expect([server.headersTimeout, server.requestTimeout]).toEqual([10_000, 30_000])
  })

  it('tells of a request that waits for 100 Continue as of any other, so that a stop waits for it', async () => {
    const told: (string | undefined)[] = []
    const asked = createHttpServer((_, response) => response.end('there'), {})
    asked.on('request', ({ headers }) => told.push(headers.expect))
    const port = await listen(asked, { host: '127.0.0.1', port: 0 })
    const socket = connect(port, '127.0.0.1')
    socket.write(
      'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\nConnection: close\r\n\r\n',
    )
    await once(socket, 'data')
    expect(told).toEqual(['100-continue'])
    socket.destroy()
    await stop(asked, 0)
  })

  it('cuts off a client whose headers do not come', async () => {
    server.headersTimeout = 1
    const port = await listen(server, { host: '127.0.0.1', port: 0 })
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
    })
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
    await once(socket, 'close')
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  })
})
