import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { loadAuthorizationServer } from '../../client/authorization-server-metadata.ts'
import { discover } from '../../client/discovery.ts'
import { exitStatus } from '../../client/failure.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { openServer, type TestServer } from '../support/http-server.ts'
import { createNamedServers, type NamedServer } from '../support/named-servers.ts'
import { authorizationServerMetadata, protectedResourceMetadata } from '../support/stand-in.ts'

// A host with addresses of several kinds counts as the most public of them: these are all served by this machine.
const named = createNamedServers({
  public: ['127.0.0.1', '93.184.215.14'],
  'public-too': ['93.184.215.14'],
  site: ['127.0.0.1', '10.0.0.1'],
  'site-too': ['10.0.0.2'],
  'link-local': ['169.254.169.254'],
  here: ['127.0.0.1'],
  mixed: ['93.184.215.14', '127.0.0.1'],
  moving: ['127.0.0.1', '93.184.215.14'],
})

const metadataPath = '/.well-known/oauth-protected-resource/mcp'
const serverPath = '/.well-known/oauth-authorization-server'

let answers: (port: number) => Readonly<Record<string, unknown>> = () => ({})
let server: NamedServer
let internal: NamedServer
let plain: TestServer
let plainConnections = 0
beforeAll(async () => {
  server = await named.start((port) => answers(port))
  internal = await named.start(() => ({}))
  plain = await openServer((_request, response) => response.end('{}'))
  plain.server.on('connection', () => {
    plainConnections += 1
  })
})
afterAll(async () => {
  await plain.close()
  await named.stop()
})

const urlOf = (host: string, path = '/mcp', { port } = server) =>
  `https://${host}.test.example:${port}${path}`
const start = (resource: string) => createSecureFetch(resource, { resolve: named.resolve })

/** Asks `url` because the server `by` said so. */
async function follow(by: string, url: string): Promise<unknown> {
  return await start(urlOf(by))(url, { purpose: 'token', namedBy: urlOf(by) }).then(
    ({ status }) => status,
    (error) => error,
  )
}

describe('what a public server names', () => {
  it.each([
    ['a name of this machine', () => urlOf('here', '/', internal)],
    ['this machine', () => `https://localhost:${internal.port}/`],
    ['this machine over plain http', () => `http://localhost:${plain.port}/`],
    ['this machine with a final dot', () => `https://localhost.:${internal.port}/`],
    ['a name below localhost', () => `https://a.localhost:${internal.port}/`],
    ['another address of this machine', () => `https://127.0.0.2:${internal.port}/`],
    ['this machine as one number', () => `https://2130706433:${internal.port}/`],
    ['this machine in hexadecimal', () => `https://0x7f.1:${internal.port}/`],
    ['this machine in short', () => `https://127.1:${internal.port}/`],
    ['this machine in IPv6', () => `https://[::1]:${internal.port}/`],
    ['this machine, IPv4-mapped', () => `https://[::ffff:127.0.0.1]:${internal.port}/`],
    ['this machine, translated', () => `https://[64:ff9b::7f00:1]:${internal.port}/`],
    ['this machine by 6to4', () => `https://[2002:7f00:1::]:${internal.port}/`],
    ['no machine', () => `https://0.0.0.0:${internal.port}/`],
    ['a private network', () => 'https://10.0.0.1/'],
    ['a private network in IPv6', () => 'https://[fd00::1]/'],
    ['a provider’s inside', () => 'https://100.100.100.200/'],
    ['a cloud’s metadata service', () => 'https://169.254.169.254/'],
    ['a name of a private network', () => urlOf('site-too', '/')],
    ['a name of the network segment', () => urlOf('link-local', '/')],
    ['a name with an internal address among public ones', () => urlOf('mixed', '/', internal)],
  ])('may not be %s, and gets no byte', async (_what, url) => {
    expect(await follow('public', url())).toMatchObject({
      status: exitStatus.signIn,
      message: expect.stringContaining(`${urlOf('public')} refers to ${new URL(url()).origin}, which is`),
      hint: expect.stringContaining('Nothing was sent'),
    })
    expect([internal.connections(), plainConnections]).toEqual([0, 0])
  })

  it('may be itself', async () => {
    expect(await follow('public', urlOf('public', '/token'))).toBe(404)
  })

  it('may not be itself at an address that is less public than before', async () => {
    const fetch = start(urlOf('moving'))
    await fetch(urlOf('moving', '/'), { purpose: 'resource-metadata', namedBy: urlOf('moving') })
    named.move('moving', '0.0.0.0')
    const elsewhere = urlOf('moving', '/', internal)
    await expect(fetch(elsewhere, { purpose: 'token', namedBy: urlOf('moving') })).rejects.toMatchObject({
      message: expect.stringContaining('refers to'),
    })
    expect(internal.connections()).toBe(0)
  })
})

describe('what a server of a private network names', () => {
  it.each([
    ['another of a private network', browserUrl('site-too')],
    ['a public one', browserUrl('public-too')],
    ['an address of a private network', 'https://192.168.1.1/authorize'],
  ])('may be %s', async (_what, url) => {
    await expect(start(urlOf('site')).judge?.(new URL(url), urlOf('site'))).resolves.toBeUndefined()
  })

  it.each([
    ['this machine', () => `https://localhost:${internal.port}/`],
    ['a name of this machine', () => urlOf('here', '/', internal)],
    ['a cloud’s metadata service', () => 'https://169.254.169.254/'],
  ])('may not be %s', async (_what, url) => {
    expect(await follow('site', url())).toMatchObject({ status: exitStatus.signIn })
    await expect(start(urlOf('site')).judge?.(new URL(url()), urlOf('site'))).rejects.toMatchObject({
      status: exitStatus.signIn,
    })
    expect(internal.connections()).toBe(0)
  })

  it('may not be this machine, also when the server itself was not connected to before: then it is first', async () => {
    const fetch = start(urlOf('site'))
    await expect(
      fetch(urlOf('here', '/', internal), { purpose: 'resource-metadata', namedBy: urlOf('site') }),
    ).rejects.toMatchObject({ message: expect.stringContaining('which is on this machine') })
    expect(server.requests).toContainEqual('HEAD site.test.example /')
  })
})

describe('what a server of this machine names', () => {
  it('may be a name of this machine', async () => {
    const fetch = start('http://localhost:1/mcp')
    const answer = await fetch(urlOf('here', '/token'), {
      purpose: 'token',
      namedBy: 'http://localhost:1/mcp',
    })
    expect(answer.status).toBe(404)
  })
})

describe('discovery', () => {
  it('finds servers by name, public ones and of a private network', async () => {
    for (const host of ['public', 'site']) {
      const origin = `https://${host}.test.example:${server.port}`
      answers = () => ({
        [metadataPath]: protectedResourceMetadata(`${origin}/mcp`, origin),
        [serverPath]: authorizationServerMetadata(origin),
      })
      const found = await discover({ resource: `${origin}/mcp`, fetch: start(`${origin}/mcp`) })
      expect(found.issuer).toBe(origin)
    }
  })

  it('asks no authorization server of this machine for a public server, unless the user says so', async () => {
    const resource = urlOf('public')
    const here = `https://here.test.example:${server.port}`
    answers = () => ({
      [metadataPath]: protectedResourceMetadata(resource, here),
      [serverPath]: authorizationServerMetadata(here),
    })
    await expect(discover({ resource, fetch: start(resource) })).rejects.toMatchObject({
      message: `${resource.replace('/mcp', metadataPath)} refers to ${here}, which is on this machine.`,
    })
    expect((await discover({ resource, issuer: here, fetch: start(resource) })).issuer).toBe(here)
  })

  it.each([
    ['by name', 'https://here.test.example/authorize'],
    ['by address', 'https://10.0.0.1/authorize'],
    ['by an address of this machine', 'https://127.0.0.2/authorize'],
  ])('has no browser sent to a private network on the word of a public server: %s', async (_how, url) => {
    const issuer = `https://public.test.example:${server.port}`
    answers = () => ({
      [serverPath]: { ...authorizationServerMetadata(issuer), authorization_endpoint: url },
    })
    await expect(loadAuthorizationServer(issuer, start(issuer))).rejects.toMatchObject({
      message: expect.stringContaining(`${issuer} refers to ${new URL(url).origin}`),
      status: exitStatus.signIn,
    })
  })
})

/** The port is of no matter where nothing is sent. */
function browserUrl(host: string): string {
  return `https://${host}.test.example/authorize`
}
