import { afterEach, describe, expect, it } from '@jest/globals'
import { loadProtectedResourceMetadata } from '../../client/protected-resource-metadata.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { createStandIns, protectedResourceMetadata, type Routes } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

const issuer = 'https://idp.example'
const pathForm = '/.well-known/oauth-protected-resource/mcp'
const rootForm = '/.well-known/oauth-protected-resource'

async function load(routes: (origin: string) => Routes, metadataPath?: string) {
  const server = await standIns.start(routes)
  const resource = `${server.origin}/mcp`
  const metadataUrl = metadataPath === undefined ? undefined : `${server.origin}${metadataPath}`
  const metadata = () => loadProtectedResourceMetadata(resource, metadataUrl, createSecureFetch(resource))
  return { server, resource, metadata }
}

describe('loadProtectedResourceMetadata', () => {
  it('asks where the challenge says, and nowhere else', async () => {
    const { server, resource, metadata } = await load(
      (origin) => ({ '/elsewhere': { body: protectedResourceMetadata(`${origin}/mcp`, issuer) } }),
      '/elsewhere',
    )
    expect(await metadata()).toEqual({
      resource,
      authorizationServers: [issuer],
      scopesSupported: ['read', 'write'],
      dpopRequired: false,
      url: `${server.origin}/elsewhere`,
    })
    expect(server.requests.map(({ path }) => path)).toEqual(['/elsewhere'])
  })

  it('asks at the well-known path of the resource when there was no challenge', async () => {
    const { server, metadata } = await load((origin) => ({
      [pathForm]: { body: protectedResourceMetadata(`${origin}/mcp`, issuer) },
    }))
    expect((await metadata()).authorizationServers).toEqual([issuer])
    expect(server.requests.map(({ path }) => path)).toEqual([pathForm])
  })

  it('falls back to the well-known path of the origin', async () => {
    const { metadata } = await load((origin) => ({
      [rootForm]: { body: protectedResourceMetadata(`${origin}/mcp`, issuer) },
    }))
    expect((await metadata()).authorizationServers).toEqual([issuer])
  })

  it.each(['', '/'])(
    'takes the origin%s for the resource at the well-known path of the origin',
    async (path) => {
      const { server, metadata } = await load((origin) => ({
        [rootForm]: { body: protectedResourceMetadata(`${origin}${path}`, issuer) },
      }))
      expect((await metadata()).resource).toBe(`${server.origin}${path}`)
    },
  )

  it.each(['/other', '/mcp/', '', '/mcp?a=1'])('refuses metadata about the resource %s', async (path) => {
    const { metadata } = await load((origin) => ({
      [pathForm]: { body: protectedResourceMetadata(`${origin}${path}`, issuer) },
    }))
    await expect(metadata()).rejects.toThrow(/describes another resource/)
  })

  it('refuses metadata whose resource is only equal after normalisation', async () => {
    const { metadata } = await load((origin) => ({
      [pathForm]: { body: protectedResourceMetadata(`${origin.toUpperCase()}/mcp`, issuer) },
    }))
    await expect(metadata()).rejects.toThrow(/describes another resource/)
  })

  it.each([
    ['no authorization server', { authorization_servers: [] }],
    ['no authorization server', { authorization_servers: 'https://idp.example' }],
    ['cannot be used', { resource: 1 }],
  ])('says that it names %s', async (problem, part) => {
    const { metadata } = await load((origin) => ({
      [pathForm]: { body: { ...protectedResourceMetadata(`${origin}/mcp`, issuer), ...part } },
    }))
    await expect(metadata()).rejects.toThrow(problem)
  })

  it('says that there is none, and to look at RESOURCE', async () => {
    const { metadata } = await load(() => ({}))
    await expect(metadata()).rejects.toMatchObject({
      message: expect.stringContaining('is missing (HTTP 404)'),
      hint: expect.stringContaining('RESOURCE'),
    })
  })

  it('does not follow a redirect', async () => {
    const { server, metadata } = await load(
      () => ({ '/elsewhere': { status: 302, headers: { location: '/target' } } }),
      '/elsewhere',
    )
    await expect(metadata()).rejects.toThrow(/HTTP 302/)
    expect(server.to('/target')).toEqual([])
  })

  it('does not ask services of this machine on the word of a remote server', async () => {
    const server = await standIns.start(() => ({}))
    const resource = 'https://mcp.example/mcp'
    const metadata = loadProtectedResourceMetadata(
      resource,
      `${server.origin}/x`,
      createSecureFetch(resource),
    )
    await expect(metadata).rejects.toThrow(/refers to http:\/\/localhost:\d+, which is on this machine/)
    expect(server.requests).toEqual([])
  })
})
