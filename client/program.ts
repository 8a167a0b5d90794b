import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { type Config, ConfigError, idpSettings, loadConfig } from '../config/index.ts'
import { printable } from '../runtime/printable.ts'
import { type CommandLine, type CommandOptions, parseCommandLine } from './command-line.ts'
import type { CommandContext } from './commands/context.ts'
import { ClientFailure, type ExitStatus, exitStatus } from './failure.ts'
import { rulesOf } from './issuer-rules.ts'
import { loadClient } from './load-client.ts'
import { parseScope } from './scopes.ts'
import { createSecureFetch } from './secure-fetch.ts'
import { createServerCache } from './server-cache.ts'
import {
  askSecret,
  messageWidth,
  pastedCallback,
  print,
  readStandardInput,
  showDevice,
  tell,
  visit,
} from './terminal.ts'
import { defaultProfile } from './tokens.ts'
import type { CommandTrace } from './trace/command-trace.ts'
import { openTokenStore } from './vault/open-token-store.ts'

// Most commands end after one request. What they do not need for it is loaded when it is needed, by `await import()`.

type Environment = Readonly<Record<string, string | undefined>>

/** A folder of the user's own. The XDG base directory specification has relative paths ignored. */
function ownFolder(given = '', ...byDefault: readonly string[]): string {
  return join(isAbsolute(given) ? given : join(homedir(), ...byDefault), 'mcp-gatehouse')
}

/** @throws ClientFailure about `--server`, and ConfigError about the environment */
function loadClientConfig(server: string | undefined, env: Environment): Config {
  try {
    return loadConfig(server === undefined ? env : { ...env, RESOURCE: server }, 'client')
  } catch (error) {
    const problems = error instanceof ConfigError && server !== undefined ? error.problems : []
    const own = problems.find(({ variable }) => variable === 'RESOURCE')
    if (!own) throw error
    throw new ClientFailure(`--server ${own.problem}`, { status: exitStatus.usage, cause: error })
  }
}

async function createContext(
  { options }: CommandLine,
  env: Environment,
  trace: CommandTrace | undefined,
  signal: AbortSignal,
): Promise<CommandContext> {
  const config = loadClientConfig(options.server, env)
  const { resource, issuer } = config
  const profile = options.as ?? defaultProfile
  const settingsOf = (issuer: string) => idpSettings(issuer, resource, config.idpOverrides)
  const now = () => Math.floor(Date.now() / 1000)
  const store = openTokenStore({
    folder: ownFolder(env.XDG_STATE_HOME, '.local', 'state'),
    allowInsecureTokenFile: options.allowInsecureTokenFile,
    given: env.TOKEN_STORE_PASSPHRASE || undefined,
    ask: askSecret,
    tell,
    signal,
  })
  const loadGrant = async () => {
    const { chooseGrant } = await import('./choose-grant.ts')
    const onCallback = (url: URL) => trace?.calledBack(url)
    const terminal = { onCallback, ...(pastedCallback && { pastedCallback }), show: showDevice, signal }
    return chooseGrant(options, { ...terminal, visit: visitWatched }, env)
  }
  const visitWatched = async (url: URL) => {
    trace?.visited(url)
    await visit(url)
  }
  const client = await loadClient(config, env)
  // What was asked for on the command line is checked at once; the browser is what everybody else has.
  const grant = options.grant === 'browser' ? loadGrant : await loadGrant()
  // Another thread makes the key of the token file while this one loads the MCP SDK.
  const [, { createOAuthClient }] = await Promise.all([store.tokens.list(), import('./oauth-client.ts')])
  return {
    resource,
    profile,
    store,
    cache: createServerCache({ folder: ownFolder(env.XDG_CACHE_HOME, '.cache'), resource, profile, now }),
    ...(options.scope !== undefined && { scopes: parseScope(options.scope) }),
    json: options.json,
    print,
    tell,
    now,
    client: createOAuthClient({
      resource,
      profile,
      // Only an issuer that was asked for selects; the default is the MCP server's word.
      ...(env.ISSUER && { issuer }),
      client,
      store,
      grant,
      dpop: options.dpop ? 'always' : 'when-required',
      rulesOf: (issuer) => rulesOf(settingsOf(issuer)),
      ...(!options.json && {
        async onSignIn(start) {
          const { renderSignIn } = await import('./render-sign-in.ts')
          tell(`${renderSignIn(start, settingsOf(start.discovery.issuer), messageWidth())}\n`)
        },
      }),
      signal,
      ...(trace && { fetch: trace.watch(createSecureFetch(resource, { signal })) }),
    }),
  }
}

async function startTrace(options: CommandOptions): Promise<CommandTrace | undefined> {
  if (!options.trace && !options.verbose && options.traceHtml === undefined) return undefined
  const { createCommandTrace } = await import('./trace/command-trace.ts')
  return createCommandTrace(options, tell)
}

async function run(line: CommandLine, env: Environment, signal: AbortSignal): Promise<ExitStatus> {
  if (line.command === 'help') {
    const { help } = await import('./help.ts')
    print(help.trimEnd())
    return exitStatus.ok
  }
  const trace = await startTrace(line.options)
  let resource = ''
  try {
    const context = await createContext(line, env, trace, signal)
    resource = context.resource
    const { runCommand } = await import('./commands/run.ts')
    return await runCommand(context, await withStandardInput(line))
  } finally {
    await trace?.end(resource)
  }
}

async function withStandardInput(line: CommandLine): Promise<CommandLine> {
  return line.command === 'call' && line.argsJson === '-'
    ? { ...line, argsJson: await readStandardInput() }
    : line
}

/** What the program needs of its process: `process` itself. */
export type ProcessLike = Pick<NodeJS.Process, 'argv' | 'env' | 'once'>

/** Runs the command line. @returns what to exit with */
export async function runProgram(host: ProcessLike): Promise<ExitStatus> {
  const interrupt = new AbortController()
  host.once('SIGINT', () => interrupt.abort())
  host.once('SIGTERM', () => interrupt.abort())
  try {
    return await run(parseCommandLine(host.argv.slice(2)), host.env, interrupt.signal)
  } catch (error) {
    if (interrupt.signal.aborted) {
      tell('\nInterrupted.')
      return exitStatus.interrupted
    }
    const { describeError } = await import('./describe-error.ts')
    const { message, hint, status } = describeError(error)
    tell(printable(hint === undefined ? message : `${message}\n${hint}`))
    return status
  }
}
