import { createServer } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { ListenError, listen } from '../../runtime/listen.ts'
import { openServer } from '../support/http-server.ts'

const host = '127.0.0.1'

describe('listening', () => {
  it('resolves with the port, once connections are accepted', async () => {
    const server = createServer((_, response) => response.end('there'))
    const port = await listen(server, { host, port: 0 })
    expect(await (await fetch(`http://${host}:${port}`)).text()).toBe('there')
    expect(server.listenerCount('error')).toBe(0)
    server.close()
    server.closeAllConnections()
  })

  it('on a port that is taken fails with one line that names it and what to change', async () => {
    const taken = await openServer()
    const failure = await listen(createServer(), { host, port: taken.port }).catch((error) => error)
    await taken.close()
    expect(failure).toBeInstanceOf(ListenError)
    expect(failure.message).toBe(
      `Port ${taken.port} is taken: stop what uses it, or choose another with PORT.`,
    )
    expect(failure.cause).toMatchObject({ code: 'EADDRINUSE' })
  })

  it('on an address of another machine fails with a line that names HOST', async () => {
    // TEST-NET-1 (RFC 5737) is nobody's.
    const listening = listen(createServer(), { host: '192.0.2.1', port: 0 })
    await expect(listening).rejects.toThrow('192.0.2.1 is not an address of this machine: correct HOST.')
  })
})
