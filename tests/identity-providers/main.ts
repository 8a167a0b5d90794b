import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { listen } from '../../runtime/listen.ts'
import type { CommonFacts, StartedIdentityProvider, Starter } from './identity-provider.ts'

/*
 * Runs the tests of one folder with Jest, against one identity provider that is started for them, with a store of
 * its own. They can have it stopped and started again: POST /stop and /start on a port that they are told.
 */
const tell = (text: string) => void process.stderr.write(`${text}\n`)
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

const here = 'tests/identity-providers'

/** @throws Error that names those that there are */
async function findStarter(name: string): Promise<Starter> {
  const names = (await readdir(here, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
  if (names.includes(name)) return (await import(`./${name}/start.ts`)) as Starter
  throw new Error(`Usage: npm run test:idp -- NAME, and NAME is one of ${names.join(', ')}.`)
}

/**
 * A port that stays free while something takes its time, at the start and at a restart: outgoing connections take
 * theirs from 32768 up (ip_local_port_range).
 */
async function findPort(): Promise<number> {
  for (;;) {
    const candidate = randomInt(20_000, 30_000)
    const probe = createServer()
    const free = await listen(probe, { host: '127.0.0.1', port: candidate }).catch(() => undefined)
    probe.close()
    if (free !== undefined) return free
  }
}

async function control(url: string, provider: StartedIdentityProvider): Promise<void> {
  if (url === '/stop') await provider.stop()
  else if (url === '/start') await provider.start()
  else throw new Error(`There is no ${url}.`)
}

async function runJest(name: string, args: readonly string[], facts: object): Promise<number> {
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
  const files = ['--config', `${here}/jest.config.ts`, '--testMatch', `<rootDir>/${here}/${name}/*.test.ts`]
  const child = spawn(process.execPath, [...jest, 'node_modules/jest/bin/jest.js', ...files, ...args], {
    stdio: 'inherit',
    signal: stopping.signal,
    env: { ...process.env, TEST_IDP: JSON.stringify(facts) },
  })
  const [code] = await once(child, 'close')
  return code ?? 1
}

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const { startIdentityProvider } = await findStarter(name)
  const folder = await mkdtemp(join(tmpdir(), `gatehouse-${name}-`))
  const mcpPort = await findPort()
  let provider: StartedIdentityProvider | undefined
  const server = createServer((request, response) => {
    void control(request.url ?? '', provider as StartedIdentityProvider).then(
      () => response.writeHead(204).end(),
      (error) => response.writeHead(500).end(String(error)),
    )
  })
  try {
    provider = await startIdentityProvider({
      resource: `http://localhost:${mcpPort}/mcp`,
      folder,
      findPort,
      env: process.env,
      tell,
      signal: stopping.signal,
    })
    const controlPort = await listen(server, { host: '127.0.0.1', port: 0 })
    const common: CommonFacts = { mcpPort, control: `http://127.0.0.1:${controlPort}` }
    return await runJest(name, args, { ...provider.facts, ...common })
  } finally {
    server.close()
    await (provider?.end ?? provider?.stop)?.()
    await rm(folder, { recursive: true, force: true })
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  tell(stopping.signal.aborted ? 'Interrupted.' : error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
