import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type IssuerStandIn, startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, postMcp } from '../support/mcp-request.ts'
import { Browser, signIn } from '../support/sign-in.ts'
import { startServers } from '../support/start-servers.ts'

const run = promisify(execFile)
const root = process.cwd()

/** The files in a page: code blocks whose first line is a comment with a file name. */
async function filesIn(page: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(page, 'utf8')
  const blocks = [...text.matchAll(/```ts\n(\/\/ (\S+)\n[\s\S]*?)```/g)]
  return new Map(blocks.map(([, code = '', name = '']) => [name, code]))
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

/** Resolves when the server answers at all. */
async function answering(url: string, child: ChildProcess): Promise<void> {
  let output = ''
  child.stderr?.on('data', (chunk) => {
    output += chunk
  })
  while (child.exitCode === null) {
    const response = await fetch(url).catch(() => undefined)
    if (response) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`The program ended with ${child.exitCode}: ${output}`)
}

describe('the published package, in an empty project', () => {
  let project: string
  let issuer: IssuerStandIn
  let files: ReadonlyMap<string, string>

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'gatehouse-package-'))
    issuer = await startIssuer({ client: { id: 'weather', secret: 'a secret' } })
    files = new Map([
      ...(await filesIn('docs/protect-your-server.md')),
      ...(await filesIn('docs/use-the-client.md')),
    ])
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: root })
    const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
    await writeFile(join(project, 'package.json'), '{ "type": "module", "private": true }')
    const packages = [
      `./${filename}`,
      '@modelcontextprotocol/server',
      '@modelcontextprotocol/client',
      'zod',
      'koa',
      'hono',
      '@hono/node-server',
    ]
    const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts']
    await run('npm', ['install', ...flags, ...packages, '@types/koa', '@types/node'], { cwd: project })
    for (const [name, code] of files) await writeFile(join(project, name), code)
  }, 240_000)

  afterAll(async () => {
    await issuer.stop()
    await rm(project, { recursive: true, force: true })
  })

  it('shows a server and three ways to protect it, and a client', () => {
    expect([...files.keys()]).toEqual(['server.ts', 'node-http.ts', 'koa.ts', 'hono.ts', 'agent.ts'])
  })

  it('has types that a strict project accepts, with skipLibCheck off', async () => {
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024']
    const names = [...files.keys()]
    const checked = run(process.execPath, [compiler, ...flags, '--allowImportingTsExtensions', ...names], {
      cwd: project,
    })
    await expect(checked.catch(({ stdout }) => Promise.reject(new Error(stdout)))).resolves.toBeDefined()
  })

  describe.each(['node-http.ts', 'koa.ts', 'hono.ts'])('%s', (program) => {
    let child: ChildProcess
    let url: string

    beforeAll(async () => {
      const port = await freePort()
      url = `http://localhost:${port}/mcp`
      const { PATH, HOME } = process.env
      child = spawn(process.execPath, [program], {
        cwd: project,
        env: { PATH, HOME, PORT: String(port), ISSUER: issuer.issuer, CLIENT_SECRET: 'a secret' },
        stdio: ['ignore', 'inherit', 'pipe'],
      })
      await answering(url, child)
    })

    afterAll(() => {
      child.kill()
    })

    it('lets anyone call the public tool', async () => {
      const { status, body } = await callTool(url, 'forecast', { city: 'Oslo' }, { era: 'modern' })
      expect(status).toBe(200)
      expect(body.result?.content).toEqual([{ type: 'text', text: 'Sunny in Oslo' }])
    })

    it('answers 401 with scope and metadata to a protected call without a token', async () => {
      const { status, headers } = await callTool(url, 'set_alarm', { city: 'Oslo' })
      const metadata = url.replace('/mcp', '/.well-known/oauth-protected-resource/mcp')
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toBe(`Bearer scope="write", resource_metadata="${metadata}"`)
      const document = (await (await fetch(metadata)).json()) as object
      expect(document).toMatchObject({ resource: url, authorization_servers: [issuer.issuer] })
    })

    it('runs the protected tool for a token with the scope, and refuses one without', async () => {
      const good = issuer.issue(url, { scope: 'write', client_id: 'someone' })
      const other = issuer.issue(url, { scope: 'weather' })
      const allowed = await callTool(url, 'set_alarm', { city: 'Oslo' }, { token: good })
      const refused = await callTool(url, 'set_alarm', { city: 'Oslo' }, { token: other })
      expect(allowed.body.result?.content).toEqual([{ type: 'text', text: 'Alarm for Oslo, set by alice' }])
      expect(refused.status).toBe(403)
    })

    it('answers 413 to a body over a mebibyte', async () => {
      const { status } = await postMcp(url, {
        jsonrpc: '2.0',
        id: 1,
        method: 'ping',
        params: { x: 'x'.repeat(2 ** 20) },
      })
      expect(status).toBe(413)
    })
  })

  it('signs in at a real provider and calls a tool, as docs/use-the-client.md shows', async () => {
    const servers = await startServers()
    const env = { PATH: '', RESOURCE: servers.resource, TOKEN_STORE_PASSPHRASE: 'a passphrase of this test' }
    const run = () => {
      const agent = spawn(process.execPath, ['agent.ts'], { cwd: project, env })
      const ended = Promise.all([text(agent.stdout), once(agent, 'close')])
      return { agent, ended }
    }
    try {
      const { agent, ended } = run()
      for await (const line of createInterface({ input: agent.stderr })) {
        const [url] = /http\S+/.exec(line) ?? []
        if (url !== undefined) await fetch(await signIn(new Browser(), { url }, 'alice'))
      }
      expect(await ended).toEqual([expect.stringContaining("username: 'alice'"), [0, null]])
      const again = await run().ended
      expect(again).toEqual([expect.stringContaining("username: 'alice'"), [0, null]])
    } finally {
      await servers.stop()
    }
  })
})
