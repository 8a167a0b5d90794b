import { afterEach, describe, expect, it } from '@jest/globals'
import { discover } from '../../client/discovery.ts'
import { exitStatus } from '../../client/failure.ts'
import { createSecureFetch, type Fetch } from '../../client/secure-fetch.ts'
import {
  authorizationServerMetadata,
  createStandIns,
  protectedResourceMetadata,
} from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

const startAuthorizationServer = () =>
  standIns.start((origin) => ({
    '/.well-known/oauth-authorization-server': { body: authorizationServerMetadata(origin) },
  }))

async function startPair() {
  const [first, second] = [await startAuthorizationServer(), await startAuthorizationServer()]
  const mcp = await standIns.start((origin) => ({
    '/.well-known/oauth-protected-resource/mcp': {
      body: {
        ...protectedResourceMetadata(`${origin}/mcp`, first.origin),
        authorization_servers: [first.origin, second.origin],
      },
    },
  }))
  const resource = `${mcp.origin}/mcp`
  const find = (issuer?: string) =>
    discover({
      resource,
      fetch: createSecureFetch(resource),
      ...(issuer !== undefined && { issuer }),
    })
  return { first, second, resource, find }
}

describe('discover', () => {
  it('takes the first authorization server that the resource lists', async () => {
    const { first, second, resource, find } = await startPair()
    expect(await find()).toMatchObject({ resource, issuer: first.origin, scopesSupported: ['read', 'write'] })
    expect(second.requests).toEqual([])
  })

  it('takes the one that was asked for, if the resource lists it', async () => {
    const { first, second, find } = await startPair()
    expect((await find(second.origin)).issuer).toBe(second.origin)
    expect(first.requests).toEqual([])
  })

  it('asks no authorization server that the resource does not list', async () => {
    const { first, second, find } = await startPair()
    const other = await startAuthorizationServer()
    await expect(find(other.origin)).rejects.toMatchObject({
      message: expect.stringContaining(`ISSUER is ${other.origin}`),
      status: exitStatus.usage,
    })
    expect([...first.requests, ...second.requests, ...other.requests]).toEqual([])
  })

  it('compares issuers as they are written', async () => {
    const { first, find } = await startPair()
    await expect(find(`${first.origin}/`)).rejects.toThrow(/ISSUER is/)
  })

  it.each([
    'http://localhost:9000',
    'https://localhost.:9000',
    'https://a.localhost',
    'https://127.0.0.2',
    'https://127.1',
    'https://0x7f.1',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://[64:ff9b::127.0.0.1]',
    'https://0.0.0.0',
    'https://169.254.169.254',
  ])('follows no remote server to an authorization server on this machine: %s', async (issuer) => {
    const resource = 'https://mcp.example/mcp'
    const asked: string[] = []
    const remote: Fetch = async (url) => {
      asked.push(String(url))
      return Response.json(protectedResourceMetadata(resource, issuer))
    }
    const found = discover({ resource, fetch: remote })
    await expect(found).rejects.toMatchObject({ status: exitStatus.signIn })
    expect(asked).toEqual(['https://mcp.example/.well-known/oauth-protected-resource/mcp'])
  })
})

describe('of several authorization servers', () => {
  it('takes the one that it has a registration for, if the resource lists it', async () => {
    const { first, second, resource } = await startPair()
    const find = (preferredIssuers: readonly string[]) =>
      discover({ resource, preferredIssuers, fetch: createSecureFetch(resource) })
    expect((await find([second.origin])).issuer).toBe(second.origin)
    expect((await find(['https://elsewhere.example'])).issuer).toBe(first.origin)
  })

  it('takes the next when one publishes nothing that can be used', async () => {
    const broken = await standIns.start(() => ({}))
    const good = await startAuthorizationServer()
    const mcp = await standIns.start((origin) => ({
      '/.well-known/oauth-protected-resource/mcp': {
        body: {
          ...protectedResourceMetadata(`${origin}/mcp`, ''),
          authorization_servers: ['http://evil.example', broken.origin, good.origin],
        },
      },
    }))
    const resource = `${mcp.origin}/mcp`
    expect((await discover({ resource, fetch: createSecureFetch(resource) })).issuer).toBe(good.origin)
  })

  it('asks eight at most', async () => {
    const broken = await standIns.start(() => ({}))
    const mcp = await standIns.start((origin) => ({
      '/.well-known/oauth-protected-resource/mcp': {
        body: {
          ...protectedResourceMetadata(`${origin}/mcp`, ''),
          authorization_servers: Array.from({ length: 100 }, (_, number) => `${broken.origin}/${number}`),
        },
      },
    }))
    const resource = `${mcp.origin}/mcp`
    await expect(discover({ resource, fetch: createSecureFetch(resource) })).rejects.toThrow(
      /publishes no metadata/,
    )
    const asked = new Set(broken.requests.map(({ path }) => path.match(/\d+/)?.[0]))
    expect([...asked]).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
  })
})
