import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testAccounts } from '../../config/index.ts'
import { browse } from '../../demo/form-browser.ts'
import { type Servers, startServers } from '../../demo/servers.ts'
import { openTestStore, passphrase } from '../support/client-process.ts'
import { openServer } from '../support/http-server.ts'

let servers: Servers
let home: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'client-'))
  servers = await startServers({ PATH: process.env.PATH })
})
afterAll(async () => {
  await servers.stop()
  await rm(home, { recursive: true })
})

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs `npm run client -- …` as its script does, with no browser to be found.
 * @param onUrl what the user does with an authorization URL
 */
async function run(
  args: readonly string[],
  {
    onUrl = () => {},
    env = {},
  }: { onUrl?: (url: URL, child: ChildProcess) => unknown; env?: Record<string, string> } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['-r', './runtime/require-node.cjs', 'client/main.ts', ...args], {
    env: {
      PATH: '/nowhere',
      HOME: home,
      XDG_STATE_HOME: home,
      XDG_CACHE_HOME: home,
      RESOURCE: servers.resource,
      CLIENT_ID: 'test-client',
      TOKEN_STORE_PASSPHRASE: passphrase,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = Promise.withResolvers<Ended>()
  let [stdout, stderr] = ['', '']
  let seen = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    const urls = [...stderr.matchAll(/^ {2}(http\S+)\n/gm)].slice(seen)
    seen += urls.length
    for (const [, url] of urls) {
      Promise.resolve(onUrl(new URL(url ?? ''), child)).catch(ended.reject)
    }
  })
  child.once('close', (status) => ended.resolve({ status, stdout, stderr }))
  return await ended.promise
}

const signInAs = (username: string) => (url: URL) => {
  const account = testAccounts.find((candidate) => candidate.username === username)
  return browse(url, { username, password: account?.password ?? '' }, () => {})
}

describe('the command line, from sign-in to sign-out', () => {
  it('signs in through the browser, then lists the tools with their scopes', async () => {
    const { status, stdout, stderr } = await run([], { onUrl: signInAs('alice') })
    expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining('Sign in with') })
    expect(stdout).toContain('signed in, granted read write')
    expect(stdout).toMatch(/^ {2}public_info +public /m)
    expect(stdout).toMatch(/^ {2}get_user_profile +any account /m)
    expect(stdout).toMatch(/^ {2}write_data resource_id=… content=… +write /m)
    expect(stdout).toMatch(/^ {2}admin_operation operation=… +admin \(not held\) /m)
  })

  it('keeps the tokens for the next run, in a file for the user alone (attack 46)', async () => {
    const { status, stdout } = await run(['whoami'])
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^username +alice$/m)])
    expect((await stat(join(home, 'mcp-gatehouse', 'tokens.sealed.json'))).mode & 0o777).toBe(0o600)
  })

  it('calls tools: what one call writes, the next reads', async () => {
    const written = await run(['call', 'write_data', 'resource_id=note', 'content=two words = 1'])
    const read = await run(['call', 'read_data', 'resource_id=note'])
    expect([written.status, read.status]).toEqual([0, 0])
    expect(read.stdout).toMatch(/^content +two words = 1$/m)
  })

  it('prints no token, neither access nor refresh', async () => {
    const [tokens] = await openTestStore(home).tokens.list()
    const { accessToken, refreshToken } = tokens ?? {}
    const outputs = await Promise.all([run([]), run(['call', 'get_user_profile']), run(['call', 'bogus'])])
    for (const secret of [accessToken, refreshToken]) {
      expect(secret).toBeTruthy()
      expect(JSON.stringify(outputs)).not.toContain(secret)
    }
  })

  it('reports what a tool complains about as a failure', async () => {
    const { status, stdout, stderr } = await run(['call', 'read_data', 'resource_id=missing'])
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('missing')
  })

  it('asks once for a missing scope, and says so when the account does not have it', async () => {
    let asked = 0
    const { status, stderr } = await run(['call', 'admin_operation', 'operation=system_status'], {
      onUrl(url) {
        asked++
        expect(url.searchParams.get('scope')?.split(' ')).toEqual(
          expect.arrayContaining(['read', 'write', 'admin']),
        )
        return signInAs('alice')(url)
      },
    })
    expect({ status, asked }).toEqual({ status: 4, asked: 1 })
    expect(stderr).toContain('admin_operation needs the scope admin, and your account was not granted it.')
  })

  it('asks again for a scope that the account has, then runs the tool', async () => {
    const { status, stdout } = await run(['call', 'admin_operation', 'operation=system_status'], {
      onUrl: signInAs('admin'),
    })
    expect([status, stdout]).toEqual([0, expect.stringContaining('uptime')])
  })

  it('signs out, and needs a sign-in from then on', async () => {
    expect(await run(['logout'])).toMatchObject({ status: 0, stderr: expect.stringContaining('revoked') })
    expect((await run(['tools'])).stdout).toContain('not signed in')
    let asked = 0
    await run(['whoami'], {
      onUrl: (_, child) => {
        asked++
        child.kill('SIGINT')
      },
    })
    expect(asked).toBe(1)
  })
})

describe('the command line, when things go wrong', () => {
  it('says that the user declined', async () => {
    const { status, stderr } = await run(['login'], {
      onUrl(url) {
        const callback = new URL(url.searchParams.get('redirect_uri') ?? '')
        callback.searchParams.set('error', 'access_denied')
        callback.searchParams.set('state', url.searchParams.get('state') ?? '')
        callback.searchParams.set('iss', servers.issuer)
        return fetch(callback)
      },
    })
    expect({ status, stderr }).toMatchObject({ status: 3, stderr: expect.stringContaining('access_denied') })
  })

  it('ends at Ctrl-C and frees the port of the callback', async () => {
    let callback = ''
    const { status } = await run(['login'], {
      onUrl(url, child) {
        callback = url.searchParams.get('redirect_uri') ?? ''
        child.kill('SIGINT')
      },
    })
    expect(status).toBe(130)
    await expect(fetch(callback)).rejects.toThrow()
  })

  it.each([
    [['bogus'], {}, 'There is no command bogus'],
    [['call', 'bogus'], {}, 'has no tool bogus'],
    [['call', 'read_data'], {}, 'needs resource_id'],
    [['tools'], { RESOURCE: 'nonsense' }, 'RESOURCE'],
    [['tools', '--server', 'nonsense'], {}, '--server is not an http(s) URL'],
    [['tools', '--as', ' '], {}, '--as is empty'],
    [['login', '--trace-html', '/nowhere/trace.html'], {}, '/nowhere/trace.html (ENOENT)'],
    [['login'], { ISSUER: 'http://localhost:1' }, 'ISSUER is http://localhost:1, but'],
  ])('calls %p with %p wrong usage', async (args, env, message) => {
    const { status, stderr } = await run(args, { env })
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining(message) })
  })

  it('says that the MCP server is not running, and how to start it', async () => {
    const { origin, close } = await openServer()
    await close()
    const { status, stderr } = await run(['tools'], { env: { RESOURCE: `${origin}/mcp` } })
    expect({ status, stderr }).toEqual({
      status: 5,
      stderr: `The MCP server at ${origin}/mcp does not answer (connection refused).\nStart it with: npm run mcp\n`,
    })
  })

  it('prints help with the examples', async () => {
    const { status, stdout } = await run(['--help'])
    expect([status, stdout]).toEqual([0, expect.stringContaining('npm run client -- call read_data')])
  })
})
