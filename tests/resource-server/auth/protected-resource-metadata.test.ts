import { afterAll, describe, expect, it } from '@jest/globals'
import { metadataUrl } from '../../../resource-server/auth/protected-resource-metadata.ts'
import { startIssuer } from '../../support/issuer-stand-in.ts'
import { startResourceServer } from '../../support/start-resource-server.ts'

const issuer = await startIssuer({ path: '/tenant' })
const server = await startResourceServer({ issuer: issuer.issuer })
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

describe('metadataUrl', () => {
  it.each([
    ['https://mcp.example/mcp', 'https://mcp.example/.well-known/oauth-protected-resource/mcp'],
    ['http://localhost:8000/mcp', 'http://localhost:8000/.well-known/oauth-protected-resource/mcp'],
    ['https://mcp.example/a/b', 'https://mcp.example/.well-known/oauth-protected-resource/a/b'],
  ])('of %s is %s (RFC 9728 §3.1)', (resource, url) => {
    expect(metadataUrl(resource)).toBe(url)
  })
})

describe('the published document', () => {
  it('is the same at the path of the resource and at the root', async () => {
    for (const path of ['/mcp', '']) {
      const response = await fetch(`${server.origin}/.well-known/oauth-protected-resource${path}`)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toMatch(/^application\/json/)
      expect(await response.json()).toMatchObject({
        resource: server.resource,
        authorization_servers: [issuer.issuer],
        scopes_supported: ['read', 'write', 'admin'],
        bearer_methods_supported: ['header'],
        resource_name: expect.any(String),
      })
    }
  })
})
