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
