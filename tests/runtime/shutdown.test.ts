import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { afterAll, describe, expect, it } from '@jest/globals'
import { listen } from '../../runtime/listen.ts'
import { stop } from '../../runtime/shutdown.ts'
import { killPrograms, startProgram } from '../support/programs.ts'

afterAll(killPrograms)

/** The fixture, with one request in flight. */
async function startBusy() {
  const program = startProgram('tests/support/shutdown-fixture.ts')
  const [, port] = await program.wrote(/port (\d+)/)
  const url = `http://127.0.0.1:${port}/`
  const answer = fetch(url).then(
    (response) => response.text(),
    () => 'cut off',
  )
  await program.wrote(/asked/)
  return { program, url, answer }
}

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s stops new connections, lets the request in flight finish, and ends with 0',
    async (signal) => {
      const { program, url, answer } = await startBusy()
      const ended = program.stop(signal)
      await program.wrote(/begin/)
      await expect(fetch(url)).rejects.toThrow()
      program.stdin.end()
      expect(await answer).toBe('answered')
      const { code, stdout } = await ended
      expect(code).toBe(0)
      expect(stdout).toMatch(/begin\nend\n$/)
    },
  )

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('that comes a second time, as %s, ends everything at once with %i', async (signal, status) => {
    const { program, answer } = await startBusy()
    void program.stop('SIGTERM')
    await program.wrote(/begin/)
    expect(await program.stop(signal)).toMatchObject({ code: status })
    expect(await answer).toBe('cut off')
  })
})

describe('stopping a server', () => {
  async function open(): Promise<{ server: Server; port: number }> {
    const server = createServer(() => {
      // Never answers.
    })
    return { server, port: await listen(server, { host: '127.0.0.1', port: 0 }) }
  }

  it('closes idle connections at once', async () => {
    const server = createServer((_, response) => response.end())
    const port = await listen(server, { host: '127.0.0.1', port: 0 })
    await (await fetch(`http://127.0.0.1:${port}`)).text()
    const idle = new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
    expect(await idle).toBe(1)
    await stop(server)
    expect(server.listening).toBe(false)
  })

  it('cuts what is still open after the time that it gives', async () => {
    const { server, port } = await open()
    const socket = connect(port, '127.0.0.1')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const asked = new Promise((resolve) => server.once('request', resolve))
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await asked
    await stop(server, 1)
    await closed
    expect(server.listening).toBe(false)
  })
})
