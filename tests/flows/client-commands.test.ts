import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { examples } from '../../client/help.ts'
import { type ClientHome, makeClientHome, signInAt } from '../support/client-process.ts'
import { killPrograms } from '../support/programs.ts'
import { type RunningServers, startServers } from '../support/start-servers.ts'

let servers: RunningServers
let home: ClientHome
let requests: string[]

beforeAll(async () => {
  servers = await startServers()
  servers.mcp.onRequest(({ method, url }) => requests.push(`${method} ${url}`))
  requests = []
  home = await makeClientHome({ RESOURCE: servers.resource })
})
afterAll(async () => {
  killPrograms()
  await servers.stop()
  await home.remove()
})

async function run(...args: readonly string[]) {
  return await home.run(...args).ended
}

async function signedIn(username: string, ...args: readonly string[]) {
  const login = home.run('login', ...args)
  await signInAt(login, username)
  return await login.ended
}

/** The words of a shell command without substitutions. */
function wordsOf(command: string): string[] {
  const words = command.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'))
}

describe('the commands', () => {
  it.each(examples)('run as the help shows them: %s', async (example) => {
    const args = wordsOf(example).slice(wordsOf(example).indexOf('client') + 1)
    const words = args[0] === '--' ? args.slice(1) : args
    const ended = words[0] === 'login' ? await signedIn('alice', ...words.slice(1)) : await run(...words)
    expect(ended).toMatchObject({ code: 0 })
  })

  it('ask for the scopes that --scope names, and no more', async () => {
    expect(await signedIn('alice', '--scope', 'read')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Granted: read.'),
    })
  })

  it('keep identities apart that --as names', async () => {
    await signedIn('alice')
    await signedIn('bob', '--as', 'work')
    expect((await run('whoami')).stdout).toMatch(/^username +alice$/m)
    expect((await run('whoami', '--as', 'work')).stdout).toMatch(/^username +bob$/m)
    const { stdout } = await run('status', '--json')
    expect(JSON.parse(stdout).map(({ profile }: { profile: string }) => profile)).toEqual(['default', 'work'])
    expect(await run('logout', '--as', 'work')).toMatchObject({ code: 0 })
    expect((await run('whoami')).stdout).toMatch(/^username +alice$/m)
  })

  it('show who is signed in without asking a server', async () => {
    requests = []
    const { code, stdout } = await run('status')
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/default +\S+\/mcp +http\S+ +read write +good for/),
    ])
    expect(requests).toEqual([])
  })

  it('call a tool with one request when the server is known from before', async () => {
    await run('call', 'read_data', 'resource_id=doc1')
    requests = []
    expect(await run('call', 'read_data', 'resource_id=doc1')).toMatchObject({ code: 0, stderr: '' })
    expect(requests).toEqual(['POST /mcp'])
  })

  it('load nothing that speaks to authorization servers while the token is good', async () => {
    const watched = { NODE_OPTIONS: '--import ./tests/support/list-modules.mjs' }
    const loadedBy = async (...args: readonly string[]) => {
      const { code, stderr } = await home.runWith(watched, ...args).ended
      expect(code).toBe(0)
      return stderr
    }
    const forSignIn =
      /node_modules\/(jose|openid-client|oauth4webapi)\/|client\/(grants|trace|authority|discovery)/
    await signedIn('alice')
    await run('call', 'read_data', 'resource_id=doc1')
    const loaded = await loadedBy('call', 'read_data', 'resource_id=doc1')
    expect(loaded).toContain('client/commands/call.ts')
    expect(loaded).not.toMatch(forSignIn)
    expect(loaded).not.toMatch(/node_modules\/(@napi-rs|@redis|pg|pino|koa|undici)\/|client\/help/)
    expect(await loadedBy('call', 'read_data', 'resource_id=doc1', '--trace')).toMatch(/client\/trace/)
  })

  it('print results as JSON on demand, and nothing else beside them', async () => {
    const { stdout, stderr } = await run('call', 'read_data', 'resource_id=doc1', '--json')
    expect(JSON.parse(stdout).structuredContent).toMatchObject({ id: 'doc1' })
    expect(stderr).toBe('')
    expect(JSON.parse((await run('tools', '--json')).stdout)).toHaveLength(6)
  })

  it("take a tool's arguments from standard input", async () => {
    const program = home.run('call', 'read_data', '--args-json', '-')
    program.stdin.end('{"resource_id":"doc1"}')
    expect(await program.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('doc1') })
  })

  it('print a token that works, on request only', async () => {
    const { stdout } = await run('token')
    const answer = await servers.introspect(stdout.trim())
    expect(answer).toMatchObject({ active: true, username: 'alice' })
    const [tokens] = await home.store.tokens.list()
    const outputs = await Promise.all([run('tools', '-v'), run('status', '--json'), run('whoami', '--trace')])
    for (const secret of [tokens?.accessToken, tokens?.refreshToken]) {
      expect(JSON.stringify(outputs)).not.toContain(secret)
    }
  })

  it('take another server by --server, and refuse one that is not safe', async () => {
    expect(await run('tools', '--server', servers.resource)).toMatchObject({ code: 0 })
    expect(await run('tools', '--server', 'http://mcp.example/mcp')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('must be https'),
    })
  })

  it('sign in with a code on another device (RFC 8628)', async () => {
    const login = home.run('login', '--device')
    const [, uri = ''] = await login.wrote(/^ {2}(http\S+user_code=\S+)$/m)
    expect(uri).toContain('/device')
    await login.stop('SIGINT')
    expect(await login.ended).toMatchObject({ code: 130 })
  })
})

describe('a trace of the flow', () => {
  const file = join(tmpdir(), `gatehouse-trace-${process.pid}.html`)
  afterAll(() => rm(file, { force: true }))

  it('has every hop with its standard, on screen and in one page, and no secret in either', async () => {
    const login = home.run('login', '--trace', '--trace-html', file)
    await signInAt(login, 'alice')
    const { code, stderr } = await login.ended
    expect(code).toBe(0)
    for (const standard of ['RFC 9728', 'RFC 8414', 'RFC 7636', 'RFC 9207'])
      expect(stderr).toContain(standard)
    const page = await readFile(file, 'utf8')
    for (const title of ['Protected resource metadata', 'Authorization request', 'Code for tokens']) {
      expect(page).toContain(title)
    }
    expect(page).not.toMatch(/<script|https?:\/\/[^"]*\.(css|js)/)
    const [tokens] = await home.store.tokens.list()
    const url = new URL(/^ {2}(http\S+)$/m.exec(stderr)?.[1] ?? '')
    for (const secret of [tokens?.accessToken, tokens?.refreshToken, url.searchParams.get('state')]) {
      expect(secret).toBeTruthy()
      expect(page).not.toContain(secret)
    }
    expect(stderr.replaceAll(url.href, '')).not.toContain(url.searchParams.get('state'))
  })

  it('holds no token that a server sends back', async () => {
    const echo = createServer((req, res) => {
      res.writeHead(401, { 'x-echo': String(req.headers.authorization) })
      res.end(JSON.stringify({ you_sent: req.headers.authorization }))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => echo.once('listening', resolve))
    const { port } = echo.address() as { port: number }
    const resource = `http://127.0.0.1:${port}/mcp`
    const [held] = await home.store.tokens.list()
    if (!held) throw new Error('Nobody is signed in.')
    const theirs = {
      ...held,
      resource,
      accessToken: 'a-canary-that-must-not-be-seen',
      refreshToken: undefined,
    }
    await home.store.tokens.update(theirs, async () => theirs)
    const { stderr } = await run('tools', '--server', resource, '--trace', '--trace-html', file)
    echo.close()
    const page = await readFile(file, 'utf8')
    expect(page).toContain('you_sent')
    expect(`${stderr}${page}`).not.toContain('a-canary')
  })
})
