import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { type ClientHome, makeClientHome, printedUrl, signInAt } from '../support/client-process.ts'
import { callTool } from '../support/mcp-request.ts'
import { openStream } from '../support/mcp-stream.ts'
import { findFreePort, killPrograms, type Program, startProgram } from '../support/programs.ts'

const providerPort = await findFreePort()
const mcpPort = await findFreePort()
const issuer = `http://localhost:${providerPort}`
const resource = `http://localhost:${mcpPort}/mcp`
const env = { ISSUER: issuer, RESOURCE: resource, INTROSPECTION_CACHE_SECONDS: '0' }

async function start(main: string, port: number): Promise<Program> {
  const program = startProgram(main, { ...env, PORT: String(port) })
  await program.wrote(/Ctrl-C stops it/)
  return program
}
const startProvider = () => start('provider/main.ts', providerPort)
const startMcp = () => start('resource-server/main.ts', mcpPort)

let home: ClientHome
beforeEach(async () => {
  home = await makeClientHome({ RESOURCE: resource })
})
afterEach(() => home.remove())
afterAll(killPrograms)

async function signedIn(username: string): Promise<string> {
  const login = home.run('login')
  await signInAt(login, username)
  expect(await login.ended).toMatchObject({ code: 0 })
  return accessToken()
}

async function accessToken(): Promise<string> {
  const [tokens] = await home.store.tokens.list()
  return tokens?.accessToken ?? ''
}

const noStack = / {4}at /

describe('while all three run', () => {
  let provider: Program
  let mcp: Program
  beforeAll(async () => {
    ;[provider, mcp] = await Promise.all([startProvider(), startMcp()])
  })
  afterAll(async () => {
    await Promise.all([provider.stop(), mcp.stop()])
  })

  it('the provider can be killed and restarted: its tokens are gone, and the client signs in again', async () => {
    const token = await signedIn('alice')
    await provider.stop('SIGKILL')
    provider = await startProvider()
    const refused = await callTool(resource, 'get_user_profile', {}, { token })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')

    const whoami = home.run('whoami')
    await signInAt(whoami, 'alice')
    expect(await whoami.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/username +alice/) })
    expect(whoami.output.stderr).toContain('Sign in with your browser')
  })

  it('the MCP server can be killed and restarted: the client says it is away, and then goes on', async () => {
    await signedIn('bob')
    await mcp.stop('SIGKILL')
    const away = await home.run('whoami').ended
    expect(away).toEqual({
      code: 5,
      stdout: '',
      stderr: `The MCP server at ${resource} does not answer (connection refused).\nStart it with: npm run mcp\n`,
    })
    mcp = await startMcp()
    expect(await home.run('whoami').ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('the client can be killed while it waits for the user, or between: nothing is lost', async () => {
    const token = await signedIn('alice')
    const waiting = home.run('login')
    await printedUrl(waiting)
    await waiting.stop('SIGKILL')
    expect(await accessToken()).toBe(token)
    expect(await home.run('whoami').ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('Ctrl-C ends a client that waits for the user, in words', async () => {
    const waiting = home.run('login')
    await printedUrl(waiting)
    const { code, stderr } = await waiting.stop('SIGINT')
    expect([code, stderr.endsWith('Interrupted.\n')]).toEqual([130, true])
    expect(stderr).not.toMatch(noStack)
  })

  it('the provider can go: uncached tokens get 503, public tools work, and the client says what to do', async () => {
    const token = await signedIn('alice')
    await provider.stop()
    const { status, headers } = await callTool(resource, 'get_user_profile', {}, { token })
    expect([status, headers.get('retry-after') !== null]).toEqual([503, true])
    expect((await callTool(resource, 'public_info')).status).toBe(200)

    const whoami = await home.run('whoami').ended
    expect(whoami.code).toBe(5)
    expect(whoami.stderr).toContain('authorization server')
    expect(whoami.stderr).toContain('npm run provider')
    expect(whoami.stderr).not.toMatch(noStack)

    provider = await startProvider()
    expect((await callTool(resource, 'get_user_profile', {}, { token })).status).toBe(401)
  })
})

describe('the MCP server without a provider', () => {
  it('starts, says how to start one, serves its public tool, and takes tokens as soon as there is one', async () => {
    const mcp = await startMcp()
    expect(mcp.output.stdout).toContain(`not known yet: ${issuer} does not answer`)
    expect(mcp.output.stdout).toContain('npm run provider')
    expect(await home.run('call', 'public_info').ended).toMatchObject({ code: 0, stderr: '' })

    const tooEarly = await home.run('whoami').ended
    expect(tooEarly).toEqual({
      code: 5,
      stdout: '',
      stderr: `The authorization server at ${issuer} does not answer (connection refused).\nStart it with: npm run provider\n`,
    })
    const provider = await startProvider()
    const whoami = home.run('whoami')
    await signInAt(whoami, 'admin')
    expect(await whoami.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/username +admin/) })
    await Promise.all([provider.stop(), mcp.stop()])
  })
})

describe('SIGTERM', () => {
  it('ends both servers with 0 and without a complaint, an open stream included', async () => {
    const [provider, mcp] = await Promise.all([startProvider(), startMcp()])
    const stream = await openStream(resource, { toolsListChanged: true })
    expect(stream.status).toBe(200)
    const endings = await Promise.all([provider.stop(), mcp.stop()])
    expect(endings.map(({ code }) => code)).toEqual([0, 0])
    await stream.ended
    expect(provider.output.stderr).toBe('')
    expect(mcp.output.stderr).not.toMatch(/error|warn|at .*\.ts/i)
  })
})
