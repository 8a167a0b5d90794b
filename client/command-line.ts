import { parseArgs } from 'node:util'
import { ClientFailure, exitStatus } from './failure.ts'

/** What the user wants, as typed. */
export type CommandLine = CommandOptions &
  (
    | { readonly command: 'start' | 'help' | 'login' | 'tools' | 'whoami' | 'logout' }
    | { readonly command: 'call'; readonly tool: string; readonly words: readonly string[] }
  )

/** What any command takes. */
export interface CommandOptions {
  /** Keep the tokens in a plain file that only its owner can read. */
  readonly allowInsecureTokenFile: boolean
}

/** @throws ClientFailure when it is not a command line of this program */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { values, positionals } = parse(argv)
  const [command = 'start', ...rest] = positionals
  const options = { allowInsecureTokenFile: values['allow-insecure-token-file'] === true }
  if (values.help || command === 'help') return { ...options, command: 'help' }
  if (command === 'call') {
    const [tool, ...words] = rest
    if (tool === undefined)
      throw usage('call needs the name of a tool.', 'npm run client -- tools lists them.')
    return { ...options, command, tool, words }
  }
  if (!isSimple(command)) throw usage(`There is no command ${command}.`)
  if (rest.length > 0) throw usage(`${command} takes no arguments.`)
  return { ...options, command }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', short: 'h' },
        'allow-insecure-token-file': { type: 'boolean' },
      },
      allowPositionals: true,
    })
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : String(cause), undefined, cause)
  }
}

const simple = ['start', 'login', 'tools', 'whoami', 'logout'] as const

function isSimple(command: string): command is (typeof simple)[number] {
  return simple.some((name) => name === command)
}

function usage(message: string, hint = 'npm run client -- --help lists the commands.', cause?: unknown) {
  return new ClientFailure(message, { status: exitStatus.usage, hint, cause })
}

/** What `--help` prints. */
export const help = `Signs you in at an MCP server's authorization server and calls its tools.

Usage: npm run client [-- COMMAND]

  (none)                   sign in if needed, then list the tools
  login                    sign in, in the browser; also to change the account
  tools                    list the tools and the scopes they need
  call NAME [key=value …]  call a tool; values take the types it asks for
  whoami                   show the account that the server sees
  logout                   revoke the tokens and forget them

Examples:
  npm run client -- call public_info
  npm run client -- call read_data resource_id=doc1
  npm run client -- call write_data resource_id=note content="two words"
  npm run -s client -- whoami

Environment:
  RESOURCE       the MCP server's URL                  http://localhost:8000/mcp
  ISSUER         which of its authorization servers    the first that it lists
  CLIENT_ID      this client's registration            test-client
  CLIENT_SECRET  its secret, if it has one

Exit status:
  0  done                             3  not signed in
  1  the tool or the server failed    4  a scope is missing
  2  wrong usage or settings          5  a server does not answer
                                    130  interrupted

Tokens are kept encrypted in mcp-gatehouse/tokens.sealed.json in XDG_STATE_HOME,
which is ~/.local/state by default. Their key is in the system's keychain or,
where there is none, made of a passphrase: you are asked for it, or it is in
TOKEN_STORE_PASSPHRASE.

  --allow-insecure-token-file   keep them in a plain file that only you can read
`
