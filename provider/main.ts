import process from 'node:process'
import { type Config, ConfigError, loadConfig } from '../config/index.ts'
import { renewCertificate } from '../runtime/certificate.ts'
import { createHttpServer } from '../runtime/http-server.ts'
import { ListenError, listen } from '../runtime/listen.ts'
import { createLogger } from '../runtime/logger.ts'
import { createOperationsServer, listenForOperations, operationsUrl } from '../runtime/operations-server.ts'
import { stop, stopOnSignal } from '../runtime/shutdown.ts'
import { UsageError } from '../runtime/usage-error.ts'
import { publishedAccounts } from './accounts/published-accounts.ts'
import { createProvider } from './app.ts'
import { keyCommands } from './keys/key-commands.ts'
import { checkStore, describeStoreCheck } from './storage/check-store.ts'
import { StorageError } from './storage/storage-error.ts'

const help = `Usage: npm run provider [-- OPTION]

Serves as the authorization server. With an option it does that instead, also while the servers run:

  --check-store    say what lies in STORE, and whether STORE_KEY fits (--check-store --json)
  --rotate-keys    sign with the next key, now or as soon as it has been published for a day
  --replace-keys   after a leak: make all keys void, and have everybody sign in again

Settings come from the environment: the README lists them.
`

const commands: ReadonlyMap<string, (config: Config) => Promise<string>> = new Map([
  ...keyCommands,
  ['--check-store', lookAtStore],
])

try {
  process.stdout.write(await run(process.argv.slice(2)))
} catch (error) {
  const expected = [UsageError, ConfigError, ListenError, StorageError].some((kind) => error instanceof kind)
  if (!(error instanceof Error) || !expected) throw error
  process.stderr.write(`${error.message}\n`)
  // What was opened already must not keep the process alive.
  process.exit(error instanceof ConfigError || error instanceof UsageError ? 2 : 1)
}

async function run([option, ...rest]: readonly string[]): Promise<string> {
  if (option === '--help' || option === '-h') return help
  const command = option === undefined ? serve : commands.get(option)
  const unknown = command ? rest.find((word) => word !== '--json' || option !== '--check-store') : option
  if (!command || unknown !== undefined)
    throw new UsageError(`${unknown} is no option of this program.`, help)
  return command(loadConfig(process.env, 'provider'))
}

/** Exit code 1: something should be done about it. */
async function lookAtStore(config: Config): Promise<string> {
  const check = await checkStore(config)
  if (!check.ok) process.exitCode = 1
  return process.argv.includes('--json') ? `${JSON.stringify(check, null, 2)}\n` : describeStoreCheck(check)
}

async function serve(config: Config): Promise<string> {
  const logger = createLogger('provider', config.logLevel)
  const provider = await createProvider(config, { logger })
  const stopping = new AbortController()
  const operations = createOperationsServer({
    metrics: provider.metrics.text,
    ready: provider.ready,
    stopping: stopping.signal,
  })
  await listenForOperations(operations, config)
  const server = createHttpServer(provider.listener, config, provider.metrics.connectionRefused)
  renewCertificate(server, config, logger)
  await listen(server, config)
  stopOnSignal(server, {
    underNpm: process.env.npm_lifecycle_event !== undefined,
    delaySeconds: config.stopDelaySeconds,
    announce: () => stopping.abort(),
    begin: () => stopping.abort(),
    end: async () => {
      await stop(operations)
      await provider.close()
    },
  })
  return banner(config)
}

function banner(config: Config): string {
  const { issuer, resource } = config
  const operations = operationsUrl(config)
  const accounts = publishedAccounts(config).map(({ username, password }) => `${username} / ${password}`)
  return [
    `Gatehouse authorization server at ${issuer}`,
    `  tokens are for  ${resource}`,
    `  metadata        ${new URL('/.well-known/oauth-authorization-server', issuer).href}`,
    ...(accounts.length > 0 ? [`  test accounts   ${accounts.join(', ')}`] : []),
    ...(operations === undefined ? [] : [`  operations      ${operations}/metrics, /healthz, /readyz`]),
    'Ctrl-C stops it.\n',
  ].join('\n')
}
