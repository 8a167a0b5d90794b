import { afterEach, describe, expect, it } from '@jest/globals'
import { exitStatus } from '../../client/failure.ts'
import { createSecureFetch, requireSecureUrl } from '../../client/secure-fetch.ts'
import { createStandIns } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

describe('requireSecureUrl', () => {
  it.each([
    'https://idp.example/token',
    'http://localhost:9000/token',
    'http://127.0.0.1/',
    'http://[::1]:1/',
  ])('accepts %s', (url) => {
    expect(requireSecureUrl(url, 'token endpoint').href).toBe(new URL(url).href)
  })

  it.each([
    'http://idp.example/token',
    'http://localhost.evil.example/',
    'http://127.0.0.1.evil.example/',
    'https://user:password@idp.example/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    '--help',
    '$(id)',
    '',
  ])('refuses %s', (url) => {
    expect(() => requireSecureUrl(url, 'token endpoint')).toThrow(/token endpoint/)
  })
})

describe('createSecureFetch', () => {
  it('sends nothing to a plain http address elsewhere', async () => {
    const fetch = createSecureFetch('https://mcp.example/mcp')
    await expect(fetch('http://192.0.2.1/token')).rejects.toMatchObject({ status: exitStatus.signIn })
  })

  it('says that the MCP server does not answer, where it is and how to start it', async () => {
    const { origin } = await standIns.start(() => ({}))
    await standIns.stop()
    await expect(createSecureFetch(`${origin}/mcp`)(`${origin}/mcp`)).rejects.toMatchObject({
      message: `The MCP server at ${origin}/mcp does not answer (connection refused).`,
      hint: 'Start it with: npm run mcp',
      status: exitStatus.unreachable,
    })
  })

  it('says that the authorization server does not answer, where it is and how to start it', async () => {
    const { origin } = await standIns.start(() => ({}))
    await standIns.stop()
    await expect(createSecureFetch('http://localhost:1/mcp')(`${origin}/token`)).rejects.toMatchObject({
      message: `The authorization server at ${origin} does not answer (connection refused).`,
      hint: 'Start it with: npm run provider',
      status: exitStatus.unreachable,
    })
  })

  it('gives up on a server that accepts the connection and says nothing', async () => {
    const { origin } = await standIns.start(() => ({ '/slow': () => new Promise(() => {}) }))
    const fetch = createSecureFetch(`${origin}/mcp`, { timeoutMs: 20 })
    await expect(fetch(`${origin}/slow`)).rejects.toMatchObject({ status: exitStatus.unreachable })
  })

  it('ends when it is told to, with the reason it was given', async () => {
    const { origin } = await standIns.start(() => ({ '/slow': () => new Promise(() => {}) }))
    const end = new AbortController()
    const answer = createSecureFetch(`${origin}/mcp`, { signal: end.signal })(`${origin}/slow`)
    end.abort(new Error('interrupted'))
    await expect(answer).rejects.toThrow('interrupted')
  })
})
