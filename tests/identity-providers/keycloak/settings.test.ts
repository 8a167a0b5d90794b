import { afterEach, describe, expect, it } from '@jest/globals'
import { captureLog } from '../../support/captured-log.ts'
import { makeClientHome } from '../../support/client-process.ts'
import { callTool } from '../../support/mcp-request.ts'
import { killPrograms } from '../../support/programs.ts'
import type { RunningResourceServer } from '../../support/start-resource-server.ts'
import { adminApi, createClient, issuer, obtainToken, resource, startMcp } from './keycloak.ts'

let mcp: RunningResourceServer | undefined
afterEach(async () => {
  killPrograms()
  await mcp?.stop()
  mcp = undefined
})

interface Mapper {
  readonly id: string
  readonly name: string
}

/** Takes the audience mapper away from a client scope, and puts it back. */
async function withoutAudience<Result>(scope: string, run: () => Promise<Result>): Promise<Result> {
  const scopes = (await adminApi.request('GET', '/gatehouse/client-scopes')) as {
    id: string
    name: string
    protocolMappers?: Mapper[]
  }[]
  const found = scopes.find(({ name }) => name === scope)
  const mapper = found?.protocolMappers?.find(({ name }) => name === 'audience')
  if (!found || !mapper) throw new Error(`The scope ${scope} has no audience.`)
  const path = `/gatehouse/client-scopes/${found.id}/protocol-mappers/models`
  await adminApi.request('DELETE', `${path}/${mapper.id}`)
  try {
    return await run()
  } finally {
    await adminApi.request('POST', path, { ...mapper, id: undefined })
  }
}

async function refuse(env: Readonly<Record<string, string>>, token: () => Promise<string>) {
  const log = captureLog()
  mcp = await startMcp(env, { logger: log.logger })
  const { status, headers } = await callTool(resource, 'get_user_profile', {}, { token: await token() })
  const remedies = log.records().flatMap(({ remedy }) => (typeof remedy === 'string' ? [remedy] : []))
  return { status, challenge: headers.get('www-authenticate'), advice: remedies.at(-1), log: log.text() }
}

describe('a setting that is wrong', () => {
  it('a wrong secret is 503, and the log names the variable and the page at Keycloak', async () => {
    const token = () => obtainToken('alice')
    const { status, advice, log } = await refuse({ RESOURCE_CLIENT_SECRET: 'not-the-secret' }, token)
    expect(status).toBe(503)
    expect(log).toContain(`does not accept the credentials of ${resource}: check RESOURCE_CLIENT_ID`)
    expect(advice).toContain(`Clients > ${resource} > Credentials`)
    expect(advice).toContain('RESOURCE_CLIENT_SECRET')
    expect(log).not.toContain('not-the-secret')
  })

  it.each([
    ['introspected', {}],
    ['verified', { TOKEN_VALIDATION: 'jwt' }],
  ])('a missing audience mapper is 401 when tokens are %s, and the log names the mapper', async (_, env) => {
    const { status, challenge, advice } = await withoutAudience('read', () =>
      refuse(env, () => obtainToken('bob', ['read'])),
    )
    expect(status).toBe(401)
    expect(challenge).toContain('error="invalid_token"')
    expect(advice).toContain(`the token is for nobody, not for ${resource}`)
    expect(advice).toContain(`Client scopes > read, write, admin > Mappers`)
  })

  it('an MCP server that introspects as another client is told which client it has to be', async () => {
    const env = { RESOURCE_CLIENT_ID: 'mcp-server' }
    const { status, advice } = await refuse(env, () => obtainToken('alice'))
    expect(status).toBe(503)
    expect(advice).toContain('RESOURCE_CLIENT_ID')
  })

  it('a client that was told no ISSUER, and so has no registration, says what to set', async () => {
    mcp = await startMcp()
    const home = await makeClientHome({ CLIENT_ID: '', RESOURCE: resource })
    const { code, stderr } = await home.run('login').ended
    await home.remove()
    expect([code, stderr]).toEqual([3, expect.stringContaining('CLIENT_ID')])
  })

  it('a trailing slash after the realm is refused before anything is asked', async () => {
    const home = await makeClientHome({ ISSUER: `${issuer}/`, RESOURCE: resource })
    const { code, stderr } = await home.run('login').ended
    await home.remove()
    expect([code, stderr]).toEqual([2, expect.stringContaining('must not end with a slash')])
  })

  it('a realm that is not there is named', async () => {
    mcp = await startMcp({ ISSUER: `${issuer}-of-nobody` })
    const client = createClient('alice')
    await expect(client.authorization.signIn()).rejects.toThrow(`${issuer}-of-nobody publishes no metadata`)
  })
})
