import { afterAll, describe, expect, it } from '@jest/globals'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { callTool } from '../support/mcp-request.ts'
import { rawRequest } from '../support/raw-request.ts'
import { startResourceServer } from '../support/start-resource-server.ts'

const issuer = await startIssuer()
const server = await startResourceServer({ issuer: issuer.issuer })
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

const origin = 'http://localhost:6274'
const metadataUrl = `${server.origin}/.well-known/oauth-protected-resource/mcp`
const listTools = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'

function preflight(url: string, asked: readonly string[] = []) {
  return rawRequest(url, { method: 'OPTIONS', headers: ['Origin', origin, ...asked] })
}

describe('a preflight request', () => {
  it('to the endpoint is answered with what was asked for', async () => {
    const names = 'authorization, content-type, mcp-protocol-version, x-custom'
    const { status, headers, body } = await preflight(server.resource, [
      'Access-Control-Request-Method',
      'POST',
      'Access-Control-Request-Headers',
      names,
    ])
    expect([status, body]).toEqual([204, ''])
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'POST, OPTIONS',
      'access-control-allow-headers': names,
      vary: expect.stringContaining('Origin'),
    })
  })

  it.each([metadataUrl, `${server.origin}/.well-known/oauth-protected-resource`])(
    'to the metadata allows GET',
    async (url) => {
      const { status, headers } = await preflight(url, [
        'Access-Control-Request-Headers',
        'mcp-protocol-version',
      ])
      expect(status).toBe(204)
      expect(headers['access-control-allow-methods']).toBe('GET, OPTIONS')
      expect(headers['access-control-allow-headers']).toBe('mcp-protocol-version')
    },
  )

  it('allows no credentials of the browser', async () => {
    const { headers } = await preflight(server.resource)
    expect(headers['access-control-allow-credentials']).toBeUndefined()
  })
})

describe("a browser's script", () => {
  it.each([200, 401, 400])('may read the challenge of an answer %i', async (wanted) => {
    const bodies = { 200: listTools, 401: listTools.replace('tools/list', 'resources/list'), 400: '{' }
    const { status, headers } = await rawRequest(server.resource, {
      headers: [
        'Origin',
        origin,
        'Content-Type',
        'application/json',
        'Accept',
        'application/json, text/event-stream',
      ],
      body: bodies[wanted as 200],
    })
    expect(status).toBe(wanted)
    expect(headers['access-control-allow-origin']).toBe(origin)
    const exposed = String(headers['access-control-expose-headers']).split(', ')
    expect(exposed).toEqual(expect.arrayContaining(['WWW-Authenticate', 'Mcp-Session-Id', 'Retry-After']))
  })

  it('may read the metadata', async () => {
    const { status, headers } = await rawRequest(metadataUrl, { method: 'GET', headers: ['Origin', origin] })
    expect([status, headers['access-control-allow-origin']]).toEqual([200, origin])
  })
})

it('says nothing of origins to who names none', async () => {
  for (const response of [await callTool(server.resource, 'public_info'), await fetch(metadataUrl)]) {
    expect(response.headers.has('access-control-allow-origin')).toBe(false)
  }
})

it('tells caches that the metadata depends on the origin', async () => {
  expect((await fetch(metadataUrl)).headers.get('vary')).toContain('Origin')
})
