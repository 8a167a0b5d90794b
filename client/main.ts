import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import process from 'node:process'
import { loadConfig } from '../config/index.ts'
import { promptSecret } from '../runtime/prompt-secret.ts'
import { type CommandLine, help, parseCommandLine } from './command-line.ts'
import { call, whoami } from './commands/call.ts'
import type { CommandContext } from './commands/context.ts'
import { login } from './commands/login.ts'
import { logout } from './commands/logout.ts'
import { listTools, start } from './commands/tools.ts'
import { describeError } from './describe-error.ts'
import { type ExitStatus, exitStatus } from './failure.ts'
import { authorizationCode } from './grants/authorization-code.ts'
import { createOAuthClient } from './oauth-client.ts'
import { openBrowser } from './open-browser.ts'
import { printable } from './printable.ts'
import { openTokenStore } from './vault/open-token-store.ts'

const print = (text: string) => void process.stdout.write(`${text}\n`)
const tell = (text: string) => void process.stderr.write(`${text}\n`)

/** The XDG base directory specification has relative paths ignored. */
function stateFolder(): string {
  const given = process.env.XDG_STATE_HOME ?? ''
  return isAbsolute(given) ? given : join(homedir(), '.local', 'state')
}

async function visit(url: URL): Promise<void> {
  const scope = url.searchParams.get('scope')
  tell(printable(`Sign in with your browser${scope ? `, to grant ${scope}` : ''}:\n\n  ${url.href}\n`))
  const opened = await openBrowser(url, process)
  tell(
    `${opened ? 'It was opened for you.' : 'No browser could be opened here: follow that link.'} Waiting …`,
  )
}

async function askSecret(question: string): Promise<string> {
  return await promptSecret(question, { input: process.stdin, output: process.stderr })
}

function createContext(line: CommandLine, signal: AbortSignal): CommandContext {
  const { resource, issuer, client } = loadConfig(process.env, 'client')
  return {
    resource,
    print,
    tell,
    client: createOAuthClient({
      resource,
      // Only an issuer that was asked for selects; the default is the MCP server's word.
      ...(process.env.ISSUER && { issuer }),
      // The default registration is the development provider's, and nobody else's.
      client: process.env.CLIENT_ID ? client : { ...client, issuer },
      store: openTokenStore({
        folder: join(stateFolder(), 'mcp-gatehouse'),
        allowInsecureTokenFile: line.allowInsecureTokenFile,
        given: process.env.TOKEN_STORE_PASSPHRASE || undefined,
        ask: process.stdin.isTTY ? askSecret : undefined,
        tell,
        signal,
      }),
      grant: authorizationCode({ visit, signal }),
      signal,
    }),
  }
}

async function run(line: CommandLine, signal: AbortSignal): Promise<ExitStatus> {
  if (line.command === 'help') {
    print(help.trimEnd())
    return exitStatus.ok
  }
  const context = createContext(line, signal)
  switch (line.command) {
    case 'start':
      return await start(context)
    case 'login':
      return await login(context)
    case 'tools':
      return await listTools(context)
    case 'call':
      return await call(context, line.tool, line.words)
    case 'whoami':
      return await whoami(context)
    case 'logout':
      return await logout(context)
  }
}

const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort())
process.once('SIGTERM', () => interrupt.abort())
try {
  process.exitCode = await run(parseCommandLine(process.argv.slice(2)), interrupt.signal)
} catch (error) {
  if (interrupt.signal.aborted) {
    tell('\nInterrupted.')
    process.exitCode = exitStatus.interrupted
  } else {
    const { message, hint, status } = describeError(error)
    tell(printable(hint === undefined ? message : `${message}\n${hint}`))
    process.exitCode = status
  }
}
