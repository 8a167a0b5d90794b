import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import process from 'node:process'
import { ConfigError, loadConfig, testAccounts } from '../config/index.ts'
import { listen } from '../runtime/listen.ts'
import { createAdminApi } from './admin-api.ts'
import { findDistribution, KeycloakMissing } from './distribution.ts'
import { importRealm, loadRealm } from './realm.ts'
import { startKeycloak } from './start-keycloak.ts'

const help = `Usage: npm run keycloak

Starts a real Keycloak with the realm "gatehouse": the three test accounts, a client for npm run client, and one for
npm run mcp. It keeps everything in memory. It comes from KEYCLOAK_HOME (a folder with Keycloak 26), else from Maven
Central (Java 17 and mvn), else from Docker or Podman.

  KEYCLOAK_HOME   an unpacked Keycloak 26       none
  KEYCLOAK_PORT   where it listens, on 127.0.0.1   8080
  RESOURCE        the MCP server's URL, which tokens are for   http://localhost:8000/mcp
`

const tell = (text: string) => void process.stderr.write(`${text}\n`)

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  if (args.includes('--help')) return void process.stdout.write(help)
  if (args[0] !== undefined)
    throw new ConfigError([{ variable: args[0], problem: `is no option of this program\n${help}` }])
  const port = parsePort(process.env.KEYCLOAK_PORT)
  const issuer = `http://localhost:${port}/realms/gatehouse`
  // PORT is the MCP server's, and decides its default URL.
  const config = loadConfig({ ...process.env, ISSUER: issuer, IDP: 'keycloak' }, 'resource-server')
  await requireFree(port)
  const distribution = await findDistribution({ env: process.env, tell })
  tell(`Keycloak from ${distribution.origin}. It starts in half a minute or so …`)
  const admin = { username: 'admin', password: randomBytes(12).toString('base64url') }
  const keycloak = await startKeycloak({
    distribution,
    port,
    admin,
    env: process.env,
    onOutput: (text) => void process.stderr.write(text),
    signal,
  })
  signal.addEventListener('abort', () => void keycloak.stop(), { once: true })
  try {
    await importRealm(createAdminApi(keycloak.origin, admin), await loadRealm(config))
    process.stdout.write(banner(issuer, keycloak.origin, admin.password, config.resource))
  } catch (error) {
    await keycloak.stop()
    throw error
  }
  await keycloak.ended
  if (!signal.aborted) throw new KeycloakMissing('Keycloak has ended by itself.')
}

function banner(issuer: string, origin: string, password: string, resource: string): string {
  const accounts = testAccounts.map(({ username, password: typed }) => `${username} / ${typed}`).join(', ')
  const other = process.env.RESOURCE ? `RESOURCE=${resource} ` : ''
  return `Keycloak
  issuer    ${issuer}
  accounts  ${accounts}
  audience  ${resource}
  console   ${origin}/admin/  admin / ${password}
Ctrl-C stops it, and everything is forgotten. Next, in two other terminals:

  ${other}ISSUER=${issuer} npm run mcp
  ${other}ISSUER=${issuer} npm run client

`
}

function parsePort(given = ''): number {
  const port = given === '' ? 8080 : Number(given)
  if (/^\d*$/.test(given) && port >= 1 && port <= 65_535) return port
  throw new ConfigError([{ variable: 'KEYCLOAK_PORT', problem: 'is not a whole number from 1 to 65535' }])
}

/** Keycloak would notice after half a minute only. */
async function requireFree(port: number): Promise<void> {
  const server = createServer()
  await listen(server, { host: '127.0.0.1', port, variable: 'KEYCLOAK_PORT' })
  await new Promise((resolve) => server.close(resolve))
}

const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())
process.once('SIGTERM', () => stopping.abort())
try {
  await main(process.argv.slice(2), stopping.signal)
} catch (error) {
  if (!stopping.signal.aborted) {
    tell(error instanceof Error ? error.message : String(error))
    process.exitCode = error instanceof ConfigError ? 2 : 1
  }
}
