import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from '@jest/globals'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { rawRequest } from '../support/raw-request.ts'
import { startResourceServer } from '../support/start-resource-server.ts'

const issuer = await startIssuer()
const local = await startResourceServer({ issuer: issuer.issuer })
const published = await startResourceServer({
  issuer: issuer.issuer,
  env: { RESOURCE: 'https://mcp.example/mcp', RESOURCE_CLIENT_SECRET: 'not the published one' },
})
afterAll(async () => {
  await local.stop()
  await published.stop()
  await issuer.stop()
})

const port = new URL(local.resource).port
const listTools = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
const json = ['Content-Type', 'application/json', 'Accept', 'application/json, text/event-stream']
const ask = (headers: readonly string[], path = '/mcp') =>
  rawRequest(local.origin + path, { headers: [...json, ...headers], body: listTools })

describe('a server on this machine', () => {
  it.each([`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, 'localhost', 'LOCALHOST'])(
    'answers to the host %s',
    async (host) => {
      expect((await ask(['Host', host])).status).toBe(200)
    },
  )

  it.each([
    'evil.example',
    `evil.example:${port}`,
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    '0.0.0.0',
    '192.0.2.1',
  ])('37: answers 403 to the host "%s"', async (host) => {
    const { status, body } = await ask(['Host', host])
    expect(status).toBe(403)
    expect(JSON.parse(body)).not.toHaveProperty('result')
  })

  it.each([`localhost@evil.example`, 'localhost:80@evil.example', 'localhost, evil.example', ''])(
    '37: answers 400 to "%s", which is no host',
    async (host) => {
      expect(await ask(['Host', host])).toMatchObject({ status: 400, body: '' })
    },
  )

  it('37: does not look at X-Forwarded-Host', async () => {
    expect((await ask(['X-Forwarded-Host', 'evil.example'])).status).toBe(200)
    expect((await ask(['Host', 'evil.example', 'X-Forwarded-Host', 'localhost'])).status).toBe(403)
  })

  it.each(['http://localhost:6274', 'http://127.0.0.1:3000', 'https://localhost'])(
    'answers to a page from %s',
    async (origin) => {
      expect((await ask(['Origin', origin])).status).toBe(200)
    },
  )

  it.each([
    'https://evil.example',
    'http://localhost.evil.example',
    'http://evil.example:8000',
    'http://localhost@evil.example',
    'null',
    'file://',
    'not an origin',
  ])('37: answers 403 to a page from %s', async (origin) => {
    const { status, headers } = await ask(['Origin', origin])
    expect(status).toBe(403)
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })

  it.each([
    '/mcp',
    '/mcp/',
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/mcp',
  ])('37: refuses a foreign host on %s', async (path) => {
    expect((await ask(['Host', 'evil.example'], path)).status).toBe(403)
    expect((await ask(['Origin', 'https://evil.example'], path)).status).toBe(403)
  })

  it('37: shows its page to its own visitors only', async () => {
    const visit = async (host: string) =>
      (await rawRequest(`${local.origin}/`, { method: 'GET', headers: ['Host', host] })).status
    expect(await visit(`localhost:${port}`)).toBe(200)
    expect(await visit('evil.example')).toBe(403)
    expect(await visit('localhost.evil.example')).toBe(403)
  })

  it('37: refuses a foreign host in the request line, whatever the Host header says', async () => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.end(
      `POST http://evil.example/mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    )
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 /)
  })

  it('37: refuses a foreign page even with a good token', async () => {
    const authorization = ['Authorization', `Bearer ${issuer.issue(local.resource)}`]
    expect((await ask(['Origin', 'https://evil.example', ...authorization])).status).toBe(403)
  })
})

describe('a server on the internet', () => {
  const metadataUrl = `${published.origin}/.well-known/oauth-protected-resource`
  const visit = async (headers: readonly string[]) =>
    (await rawRequest(metadataUrl, { method: 'GET', headers })).status

  it('answers to its own host and to its own pages', async () => {
    expect(await visit(['Host', 'mcp.example'])).toBe(200)
    expect(await visit(['Host', 'mcp.example:443'])).toBe(200)
    expect(await visit(['Host', 'mcp.example', 'Origin', 'https://mcp.example'])).toBe(200)
  })

  it.each(['localhost', `127.0.0.1:${port}`, 'example', 'evil.mcp.example', 'mcp.example.evil.example'])(
    '37: answers 403 to the host %s',
    async (host) => {
      expect(await visit(['Host', host])).toBe(403)
    },
  )

  it('37: answers 400 to what is no host', async () => {
    expect(await visit(['Host', 'mcp.example@evil.example'])).toBe(400)
  })

  it('37: answers 403 to a page from this machine', async () => {
    expect(await visit(['Host', 'mcp.example', 'Origin', 'http://localhost:6274'])).toBe(403)
  })

  it('37: names itself as configured, whatever the Host header says', async () => {
    const { headers } = await rawRequest(`${published.origin}/mcp`, {
      headers: [...json, 'Host', 'mcp.example:8443'],
      body: listTools.replace('tools/list', 'resources/list'),
    })
    expect(headers['www-authenticate']).toBe(
      'Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp"',
    )
  })
})
