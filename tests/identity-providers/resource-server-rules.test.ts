import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../config/index.ts'
import { entraAppIdUri } from '../support/idp/entra.ts'
import { type OpenedHouse, openAuth0, openEntra } from '../support/idp/houses.ts'
import { type IssuerStandIn, startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, contentOf } from '../support/mcp-request.ts'
import { type RunningResourceServer, startResourceServer } from '../support/start-resource-server.ts'

const awkward = { id: 'https://mcp.example/mcp', secret: 'a secret: 100% + more' }

let issuer: IssuerStandIn
beforeAll(async () => {
  issuer = await startIssuer({ client: awkward })
})
afterAll(() => issuer.stop())

let mcp: RunningResourceServer | undefined
let house: OpenedHouse | undefined
afterEach(async () => {
  await mcp?.stop()
  await house?.stop()
  mcp = undefined
  house = undefined
})

const introspecting = { RESOURCE_CLIENT_ID: awkward.id, RESOURCE_CLIENT_SECRET: awkward.secret }

async function startMcp(env: Readonly<Record<string, string>> = { TOKEN_VALIDATION: 'jwt' }) {
  mcp = await startResourceServer({ issuer: issuer.issuer, env })
  return mcp.resource
}

const ask = async (resource: string, token: string) =>
  await callTool(resource, 'get_user_profile', {}, { token })
const scopesAt = async (resource: string, token: string) =>
  contentOf(await ask(resource, token)) as { scopes: string[] }

describe('whichever issuer there is, the MCP server', () => {
  it('rule 1: believes a document of exactly ISSUER, and publishes that very string', async () => {
    house = await openAuth0()
    const { resource, origin } = house.mcp
    const { accessToken } = await house.createClient('alice').authorization.signIn()
    const published = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`)
    expect(await published.json()).toMatchObject({ authorization_servers: [`${house.idp.origin}/`] })
    expect((await ask(resource, accessToken)).status).toBe(200)

    const withoutSlash = { IDP: 'auth0', RESOURCE: resource }
    mcp = await startResourceServer({ issuer: house.idp.origin, env: withoutSlash })
    expect((await ask(mcp.resource, accessToken)).status).toBe(503)
  })

  it('rule 2: knows audiences besides its own URL, as a string or in an array', async () => {
    const resource = await startMcp({ TOKEN_VALIDATION: 'jwt', ACCEPTED_AUDIENCES: 'an-api another' })
    const statusFor = async (aud: string | string[]) =>
      (await ask(resource, await issuer.sign({ aud }))).status
    expect(await statusFor('an-api')).toBe(200)
    expect(await statusFor(['https://id.example/userinfo', 'another'])).toBe(200)
    expect(await statusFor(resource)).toBe(401)
    expect(await statusFor(['https://id.example/userinfo'])).toBe(401)
  })

  it('rule 3: has a path in its URL, no slash after it, and calls itself by exactly that', async () => {
    for (const RESOURCE of ['https://mcp.example', 'https://mcp.example/', 'https://mcp.example/mcp/']) {
      expect(() => loadConfig({ ISSUER: 'https://id.example', RESOURCE }, 'resource-server')).toThrow(
        'RESOURCE',
      )
    }
    const resource = await startMcp()
    expect((await ask(resource, await issuer.sign({ aud: resource }))).status).toBe(200)
    expect((await ask(resource, await issuer.sign({ aud: `${resource}/` }))).status).toBe(401)
    expect((await ask(resource, await issuer.sign({ aud: new URL(resource).origin }))).status).toBe(401)
  })

  it('rule 4: introspects where it can, and refuses a token that names no audience', async () => {
    const resource = await startMcp(introspecting)
    expect((await mcp?.mcp.validation())?.mode).toBe('introspection')
    expect((await ask(resource, issuer.issue(resource))).status).toBe(200)
    expect((await ask(resource, issuer.issue(resource, { aud: undefined }))).status).toBe(401)
  })

  it('rule 4: asks where it was told, when the metadata does not say', async () => {
    issuer.metadata.introspection_endpoint = undefined
    const endpoint = { INTROSPECTION_ENDPOINT: `${issuer.issuer}/introspect` }
    try {
      const resource = await startMcp({ ...introspecting, ...endpoint })
      expect((await ask(resource, issuer.issue(resource))).status).toBe(200)
    } finally {
      delete issuer.metadata.introspection_endpoint
    }
  })

  it('rule 5: takes at+jwt and JWT for access tokens, and no ID token, not even one with roles', async () => {
    const resource = await startMcp({ TOKEN_VALIDATION: 'jwt', SCOPE_CLAIM: 'roles' })
    const statusFor = async (claims: Record<string, unknown>, typ: string) =>
      (await ask(resource, await issuer.sign({ aud: resource, ...claims }, { typ }))).status
    expect(await statusFor({}, 'at+jwt')).toBe(200)
    expect(await statusFor({}, 'JWT')).toBe(200)
    const roles = { scope: undefined, client_id: undefined, roles: ['admin'] }
    expect(await statusFor({ ...roles, azp: 'a-client' }, 'JWT')).toBe(200)
    expect(await statusFor(roles, 'JWT')).toBe(401)
    const idToken = { ...roles, client_id: 'a-client', nonce: 'n', at_hash: 'h' }
    expect(await statusFor(idToken, 'JWT')).toBe(401)
  })

  it.each<[string, Record<string, unknown>]>([
    ['scope', { scope: 'read write' }],
    ['scp as a string', { scope: undefined, scp: 'read write' }],
    ['scp as an array', { scope: undefined, scp: ['read', 'write'] }],
    ['scope, whatever scp says', { scope: 'read write', scp: 'admin' }],
    ['a configured claim, by a map', { scope: undefined, groups: ['editors'] }],
  ])('rule 6: finds scopes in %s', async (_, claims) => {
    const map = { SCOPE_CLAIM: 'groups', SCOPE_MAP: 'editors=read write' }
    const resource = await startMcp({ TOKEN_VALIDATION: 'jwt', ...map })
    const { scopes } = await scopesAt(resource, await issuer.sign({ aud: resource, ...claims }))
    expect(scopes).toEqual(['read', 'write'])
  })

  it('rule 7: speaks the issuer’s words for scopes in its challenge and its metadata', async () => {
    house = await openEntra({ mcp: { SCOPE_TEMPLATE: `${entraAppIdUri}/{scope}` } })
    const { resource, origin } = house.mcp
    const wire = ['read', 'write', 'admin'].map((scope) => `${entraAppIdUri}/${scope}`)
    const published = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`)
    expect(await published.json()).toMatchObject({ scopes_supported: wire })
    const challenged = await callTool(resource, 'read_data', { resource_id: 'doc1' })
    expect(challenged.headers.get('www-authenticate')).toContain(`scope="${wire[0]}"`)
  })

  it('rule 15: tells people apart by issuer and subject, and needs no name of theirs', async () => {
    const resource = await startMcp()
    const token = async (sub: string, claims = {}) => await issuer.sign({ aud: resource, sub, ...claims })
    for (const sub of ['one', 'two']) await ask(resource, await token(sub, { preferred_username: 'same' }))
    expect(contentOf(await ask(resource, await token('three')))).toMatchObject({ sub: 'three' })
    const admin = await token('admin', { scope: 'admin' })
    const listed = await callTool(resource, 'admin_operation', { operation: 'list_users' }, { token: admin })
    for (const sub of ['one', 'two', 'three']) expect(JSON.stringify(listed.body)).toContain(`\\"${sub}\\"`)
  })

  it('rule 16: encodes its name and secret before it sends them by HTTP Basic', async () => {
    const resource = await startMcp({ ...introspecting, TOKEN_VALIDATION: 'introspection' })
    expect((await ask(resource, issuer.issue(resource))).status).toBe(200)
    const sent = Buffer.from(issuer.lastIntrospection?.authorization?.slice(6) ?? '', 'base64').toString()
    expect(sent).toMatch(/^https%3A%2F%2Fmcp[^:]+:a\+secret%3A\+100%25\+%2B\+more$/)
  })
})
