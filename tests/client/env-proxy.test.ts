import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { expect, it } from '@jest/globals'
import { listen } from '../../runtime/listen.ts'
import { createNamedServers } from '../support/named-servers.ts'

const secureFetch = new URL('../../client/secure-fetch.ts', import.meta.url).href

/** Asks, by name and by address, what a public server names. Writes what came of each request, as JSON. */
const program = `
  import { createSecureFetch } from ${JSON.stringify(secureFetch)}
  const namedBy = 'https://mcp.test.example/mcp'
  const fetch = createSecureFetch(namedBy)
  const outcomes = []
  for (const url of ['https://as.test.example/token', 'https://10.0.0.1/token']) {
    const outcome = fetch(url, { purpose: 'token', namedBy }).then(({ status }) => status, ({ message }) => message)
    outcomes.push(await outcome)
  }
  console.log(JSON.stringify(outcomes))
`

it('where Node.js uses the proxies of the environment, they look up names, and get no private address', async () => {
  const named = createNamedServers({})
  const server = await named.start(() => ({ '/token': {} }))
  const asked: string[] = []
  const proxy = createServer()
  proxy.on('connect', ({ url = '' }, socket) => {
    asked.push(url)
    const target = connect(server.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(target).pipe(socket)
    })
    socket.on('error', () => target.destroy())
    target.on('error', () => socket.destroy())
  })
  const port = await listen(proxy, { host: '127.0.0.1', port: 0 })
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: {
      NODE_USE_ENV_PROXY: '1',
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
      NODE_EXTRA_CA_CERTS: named.caFile,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  expect(JSON.parse(output)).toEqual([
    200,
    'https://mcp.test.example/mcp refers to https://10.0.0.1, which is on a private network.',
  ])
  expect(asked).toEqual(['mcp.test.example:443', 'as.test.example:443'])
  expect(server.requests).toEqual(['HEAD mcp.test.example /', 'GET as.test.example /token'])
  proxy.close()
  proxy.closeAllConnections()
  await named.stop()
})
