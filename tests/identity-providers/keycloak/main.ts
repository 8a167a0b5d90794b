import { spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { loadConfig } from '../../../config/index.ts'
import { createAdminApi } from '../../../keycloak/admin-api.ts'
import { findDistribution } from '../../../keycloak/distribution.ts'
import { importRealm, loadRealm } from '../../../keycloak/realm.ts'
import { type RunningKeycloak, startKeycloak } from '../../../keycloak/start-keycloak.ts'
import { listen } from '../../../runtime/listen.ts'

/*
 * Runs the tests of this folder with Jest, against one Keycloak that is started for them, with a database of its
 * own. They can have it stopped and started again: POST /stop and /start on a port that they are told.
 */
const tell = (text: string) => void process.stderr.write(`${text}\n`)
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-keycloak-'))
const [port, mcpPort] = [await findLastingPort(), await findLastingPort()]
const admin = { username: 'admin', password: randomBytes(12).toString('base64url') }
let keycloak: RunningKeycloak | undefined

const distribution = await findDistribution({ env: process.env, tell })
async function start(): Promise<void> {
  const startedAt = performance.now()
  keycloak = await startKeycloak({
    distribution,
    port,
    admin,
    folder,
    env: process.env,
    signal: stopping.signal,
  })
  tell(`Keycloak from ${distribution.origin} is up: ${Math.round((performance.now() - startedAt) / 1000)} s`)
}

/**
 * A port that stays free while Keycloak takes its time, at the start and at a restart: outgoing connections take
 * theirs from 32768 up (ip_local_port_range).
 */
async function findLastingPort(): Promise<number> {
  for (;;) {
    const candidate = randomInt(20_000, 30_000)
    const probe = createServer()
    const free = await listen(probe, { host: '127.0.0.1', port: candidate }).catch(() => undefined)
    probe.close()
    if (free !== undefined) return free
  }
}

async function control(url = ''): Promise<void> {
  if (url === '/stop') await keycloak?.stop()
  else if (url === '/start') await start()
  else throw new Error(`There is no ${url}.`)
}

const server = createServer((request, response) => {
  void control(request.url).then(
    () => response.writeHead(204).end(),
    (error) => response.writeHead(500).end(String(error)),
  )
})

async function runTests(): Promise<number> {
  await start()
  const resource = `http://localhost:${mcpPort}/mcp`
  const issuer = `http://localhost:${port}/realms/gatehouse`
  const config = loadConfig({ ISSUER: issuer, RESOURCE: resource }, 'resource-server')
  await importRealm(createAdminApi(`http://localhost:${port}`, admin), await loadRealm(config))
  const controlPort = await listen(server, { host: '127.0.0.1', port: 0 })
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
  const config$ = ['--config', 'tests/identity-providers/keycloak/jest.config.ts']
  const child = spawn(
    process.execPath,
    [...jest, 'node_modules/jest/bin/jest.js', ...config$, ...process.argv.slice(2)],
    {
      stdio: 'inherit',
      signal: stopping.signal,
      env: {
        ...process.env,
        TEST_KEYCLOAK: JSON.stringify({
          origin: `http://localhost:${port}`,
          admin,
          mcpPort,
          control: `http://127.0.0.1:${controlPort}`,
        }),
      },
    },
  )
  const [code] = await once(child, 'close')
  return code ?? 1
}

try {
  process.exitCode = await runTests()
} catch (error) {
  tell(stopping.signal.aborted ? 'Interrupted.' : String(error))
  process.exitCode = 1
} finally {
  server.close()
  await keycloak?.stop()
  await rm(folder, { recursive: true, force: true })
}
