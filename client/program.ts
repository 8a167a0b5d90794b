import { writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { idpSettings, loadConfig } from '../config/index.ts'
import { chooseGrant } from './choose-grant.ts'
import { type CommandLine, parseCommandLine } from './command-line.ts'
import type { CommandContext } from './commands/context.ts'
import { runCommand } from './commands/run.ts'
import { describeError } from './describe-error.ts'
import { type ExitStatus, exitStatus } from './failure.ts'
import { help } from './help.ts'
import { rulesOf } from './issuer-rules.ts'
import { loadClient } from './load-client.ts'
import { createOAuthClient } from './oauth-client.ts'
import { printable } from './printable.ts'
import { parseScope } from './scopes.ts'
import { createSecureFetch } from './secure-fetch.ts'
import { createServerCache } from './server-cache.ts'
import { askSecret, pastedCallback, print, readStandardInput, showDevice, tell, visit } from './terminal.ts'
import { defaultProfile } from './tokens.ts'
import { renderHop, renderHopLine } from './trace/render-hop.ts'
import { renderTracePage } from './trace/render-page.ts'
import { createTrace, type Trace } from './trace/trace.ts'
import { openTokenStore } from './vault/open-token-store.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A folder of the user's own. The XDG base directory specification has relative paths ignored. */
function ownFolder(given = '', ...byDefault: readonly string[]): string {
  return join(isAbsolute(given) ? given : join(homedir(), ...byDefault), 'mcp-gatehouse')
}

async function createContext(
  { options }: CommandLine,
  env: Environment,
  trace: Trace,
  signal: AbortSignal,
): Promise<CommandContext> {
  const settings = options.server === undefined ? env : { ...env, RESOURCE: options.server }
  const config = loadConfig(settings, 'client')
  const { resource, issuer } = config
  const profile = options.as ?? defaultProfile
  const now = () => Math.floor(Date.now() / 1000)
  const store = openTokenStore({
    folder: ownFolder(env.XDG_STATE_HOME, '.local', 'state'),
    allowInsecureTokenFile: options.allowInsecureTokenFile,
    given: env.TOKEN_STORE_PASSPHRASE || undefined,
    ask: askSecret,
    tell,
    signal,
  })
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
      client: await loadClient(config, env),
      store,
      grant: chooseGrant(
        options,
        {
          async visit(url) {
            trace.visited(url)
            await visit(url)
          },
          onCallback: trace.calledBack,
          ...(pastedCallback && { pastedCallback }),
          show: showDevice,
          signal,
        },
        env,
      ),
      dpop: options.dpop ? 'always' : 'when-required',
      rulesOf: (issuer) => rulesOf(idpSettings(issuer, resource, config.idpOverrides)),
      signal,
      fetch: trace.watch(createSecureFetch(resource, { signal })),
    }),
  }
}

async function run(line: CommandLine, env: Environment, signal: AbortSignal): Promise<ExitStatus> {
  if (line.command === 'help') {
    print(help.trimEnd())
    return exitStatus.ok
  }
  const { trace: inFull, verbose, traceHtml } = line.options
  const trace = createTrace((hop) => {
    if (inFull) tell(`${renderHop(hop)}\n`)
    else if (verbose) tell(renderHopLine(hop))
  })
  let resource = ''
  try {
    const context = await createContext(line, env, trace, signal)
    resource = context.resource
    return await runCommand(context, await withStandardInput(line))
  } finally {
    if (traceHtml !== undefined) {
      const hops = await trace.hops()
      await writeFile(traceHtml, renderTracePage(hops, { resource, madeAt: new Date() }), { mode: 0o600 })
      tell(`The trace is in ${traceHtml}.`)
    } else if (inFull || verbose) await trace.hops()
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
    const { message, hint, status } = describeError(error)
    tell(printable(hint === undefined ? message : `${message}\n${hint}`))
    return status
  }
}
