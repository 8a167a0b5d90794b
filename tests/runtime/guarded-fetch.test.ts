import type { LookupAddress } from 'node:dns'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createGuardedFetch } from '../../runtime/guarded-fetch.ts'
import { openServer, type TestServer } from '../support/http-server.ts'

// Something internal, which answers whoever connects. Whether anyone did is what counts.
let internal: TestServer
let port: number
let connections = 0
beforeAll(async () => {
  internal = await openServer((_request, response) => response.end('secret'))
  internal.server.on('connection', () => {
    connections += 1
  })
  port = internal.port
})
afterAll(() => internal.close())
beforeEach(() => {
  connections = 0
})

/** A resolver that gives each of these answers in turn, and the last one for ever. */
function resolveTo(...answers: LookupAddress[][]) {
  return createGuardedFetch((_hostname, _options, callback) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    setImmediate(() => callback(null, answer ?? []))
  })
}

const loopback = { address: '127.0.0.1', family: 4 }
const options = () => ({ redirect: 'manual' as const, signal: AbortSignal.timeout(300) })

describe('guardedFetch (attacks 0e, 29)', () => {
  it('is tested with a listener that counts', async () => {
    await fetch(`http://127.0.0.1:${port}/`)
    expect(connections).toBe(1)
  })

  it.each<[string, LookupAddress[]]>([
    ['loopback', [loopback]],
    ['loopback in IPv6', [{ address: '::1', family: 6 }]],
    ['IPv4-mapped loopback', [{ address: '::ffff:127.0.0.1', family: 6 }]],
    ['IPv4-mapped loopback in hexadecimal', [{ address: '::ffff:7f00:1', family: 6 }]],
    ['an internal address among public ones', [{ address: '93.184.215.14', family: 4 }, loopback]],
    ['nothing', []],
  ])('sends no byte to a name that leads to %s', async (_what, answer) => {
    for (const scheme of ['http', 'https']) {
      await expect(
        resolveTo(answer)(`${scheme}://app.example:${port}/client`, options()),
      ).rejects.toMatchObject({
        cause: { name: 'InternalAddressError' },
      })
    }
    expect(connections).toBe(0)
  })

  it.each([
    ['an address', '127.0.0.1'],
    ['an address in hexadecimal', '0x7f000001'],
    ['an address as one number', '2130706433'],
    ['an address in short', '127.1'],
    ['an address in octal', '0177.0.0.1'],
    ['an IPv4-mapped address', '[::ffff:127.0.0.1]'],
    ['an address with a final dot', '127.0.0.1.'],
  ])('sends no byte to %s', async (_what, host) => {
    await expect(resolveTo([])(`http://${host}:${port}/`, options())).rejects.toThrow(/not public/)
    expect(connections).toBe(0)
  })

  it('judges the address that it connects to, when a name changes its mind', async () => {
    const rebinding = resolveTo([{ address: '93.184.215.14', family: 4 }], [loopback])
    for (let i = 0; i < 3; i++) {
      await expect(rebinding(`http://app.example:${port}/client`, options())).rejects.toThrow()
    }
    expect(connections).toBe(0)
  })

  it('sends no byte by the system’s own resolver to this machine', async () => {
    await expect(createGuardedFetch()(`http://localhost:${port}/`, options())).rejects.toMatchObject({
      cause: { name: 'InternalAddressError' },
    })
    expect(connections).toBe(0)
  })

  it('tells a name that cannot be resolved from one that may not be reached', async () => {
    const unknown = createGuardedFetch((hostname, _options, callback) =>
      callback(Object.assign(new Error(hostname), { code: 'ENOTFOUND' }), '', 0),
    )
    await expect(unknown('https://app.example/client', options())).rejects.toMatchObject({
      cause: { code: 'ENOTFOUND' },
    })
  })
})
