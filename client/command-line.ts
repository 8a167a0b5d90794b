import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { ClientFailure, exitStatus } from './failure.ts'

/** What any command takes. Absent means: not given. */
export interface CommandOptions {
  /** The MCP server's URL. */
  readonly server?: string
  /** The user's name for one of several identities. */
  readonly as?: string
  /** What to ask for when signing in, space-separated. */
  readonly scope?: string
  /** Print results as JSON. */
  readonly json: boolean
  /** Tell of every request. */
  readonly verbose: boolean
  /** Print every hop of the flow. */
  readonly trace: boolean
  /** Write every hop of the flow to this file. */
  readonly traceHtml?: string
  /** How to sign in. */
  readonly grant: 'browser' | 'device' | 'client-credentials' | 'assertion' | 'enterprise'
  /** A file with the assertion that somebody else has signed. */
  readonly assertionFile?: string
  /** A file with the user's ID token of the enterprise's identity provider. */
  readonly idTokenFile?: string
  /** Bind tokens to a key even where the MCP server does not demand it. */
  readonly dpop: boolean
  /** Keep the tokens in a plain file that only its owner can read. */
  readonly allowInsecureTokenFile: boolean
}

/** What the user wants, as typed. */
export type CommandLine = { readonly options: CommandOptions } & (
  | { readonly command: (typeof simple)[number] | 'help' }
  | {
      readonly command: 'call'
      readonly tool: string
      /** `key=value` each. */
      readonly words: readonly string[]
      /** JSON, or `-` for standard input. */
      readonly argsJson?: string
    }
  | { readonly command: 'read'; readonly uri: string }
)

const simple = ['start', 'login', 'logout', 'status', 'tools', 'resources', 'token', 'whoami'] as const

const options = {
  help: { type: 'boolean', short: 'h' },
  server: { type: 'string' },
  as: { type: 'string' },
  scope: { type: 'string' },
  json: { type: 'boolean' },
  verbose: { type: 'boolean', short: 'v' },
  trace: { type: 'boolean' },
  'trace-html': { type: 'string' },
  device: { type: 'boolean' },
  'client-credentials': { type: 'boolean' },
  'assertion-file': { type: 'string' },
  'id-token-file': { type: 'string' },
  dpop: { type: 'boolean' },
  'args-json': { type: 'string' },
  'allow-insecure-token-file': { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig

/** @throws ClientFailure when it is not a command line of this program */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { values, positionals } = parse(argv)
  const [command = 'start', ...rest] = positionals
  const common = { options: optionsOf(values) }
  if (values.help || command === 'help') return { ...common, command: 'help' }
  if (command === 'call') {
    const [tool, ...words] = rest
    if (tool === undefined)
      throw usage('call needs the name of a tool.', 'npm run client -- tools lists them.')
    const argsJson = values['args-json']
    return { ...common, command, tool, words, ...(argsJson !== undefined && { argsJson }) }
  }
  if (values['args-json'] !== undefined) throw usage('--args-json belongs to call.')
  if (command === 'read') {
    const [uri, ...more] = rest
    if (uri === undefined || more.length > 0) {
      throw usage('read needs the URI of one resource.', 'npm run client -- resources lists them.')
    }
    return { ...common, command, uri }
  }
  if (!isSimple(command)) throw usage(`There is no command ${command}.`)
  if (rest.length > 0) throw usage(`${command} takes no arguments.`)
  return { ...common, command }
}

function optionsOf(values: ReturnType<typeof parse>['values']): CommandOptions {
  const empty = Object.entries(values).find(([, value]) => typeof value === 'string' && value.trim() === '')
  if (empty) throw usage(`--${empty[0]} is empty.`)
  const texts = {
    server: values.server,
    as: values.as,
    scope: values.scope,
    traceHtml: values['trace-html'],
    assertionFile: values['assertion-file'],
    idTokenFile: values['id-token-file'],
  }
  return {
    ...Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined)),
    json: values.json === true,
    verbose: values.verbose === true,
    trace: values.trace === true,
    dpop: values.dpop === true,
    grant: grantOf(values),
    allowInsecureTokenFile: values['allow-insecure-token-file'] === true,
  }
}

function grantOf(values: ReturnType<typeof parse>['values']): CommandOptions['grant'] {
  const grants = {
    device: values.device === true,
    'client-credentials': values['client-credentials'] === true,
    assertion: values['assertion-file'] !== undefined,
    enterprise: values['id-token-file'] !== undefined,
  }
  const [chosen = 'browser', ...more] = (Object.keys(grants) as (keyof typeof grants)[]).filter(
    (name) => grants[name],
  )
  if (more.length > 0)
    throw usage('Choose one of --device, --client-credentials, --assertion-file and --id-token-file.')
  return chosen
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true })
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : String(cause), undefined, cause)
  }
}

function isSimple(command: string): command is (typeof simple)[number] {
  return simple.some((name) => name === command)
}

function usage(message: string, hint = 'npm run client -- --help lists the commands.', cause?: unknown) {
  return new ClientFailure(message, { status: exitStatus.usage, hint, cause })
}
