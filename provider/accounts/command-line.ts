import { parseArgs } from 'node:util'
import { UsageError } from '../../runtime/usage-error.ts'
import { minPasswordLength } from './password-rules.ts'

/** What somebody wants, as far as it could be understood. */
export type AccountRequest =
  | { readonly command: 'help' }
  | { readonly command: 'list'; readonly file: string }
  | {
      readonly command: 'passwd' | 'disable' | 'enable' | 'remove'
      readonly file: string
      readonly name: string
    }
  | {
      readonly command: 'add' | 'set-scopes'
      readonly file: string
      readonly name: string
      readonly scopes: readonly string[]
      readonly fullName?: string
    }

export const usage = `Usage: npm run accounts -- COMMAND

  add NAME --scopes read,write [--name "Full Name"]
  list
  passwd NAME
  set-scopes NAME --scopes read      ("none" takes all of them away)
  disable NAME
  enable NAME
  remove NAME

The accounts are in the file that ACCOUNTS names, or --file FILE. A provider that runs follows it.
A password is asked for twice, or is the first line of standard input; it has ${minPasswordLength} characters or more.
Ends with 0 when it is done, 1 when it could not be, 2 when the command was not understood.
`

const needingName = ['add', 'passwd', 'set-scopes', 'disable', 'enable', 'remove']
const needingScopes = ['add', 'set-scopes']

/**
 * @param accountsFile what ACCOUNTS says
 * @throws UsageError
 */
export function parseCommandLine(args: readonly string[], accountsFile: string | undefined): AccountRequest {
  const { values, positionals } = parse(args)
  const [command, name, ...rest] = positionals
  if (values.help || command === 'help') return { command: 'help' }
  if (command === undefined) throw refusal('Say what to do.')
  if (command !== 'list' && !needingName.includes(command)) throw refusal(`There is no command ${command}.`)
  if (rest.length > 0 || (command === 'list' && name !== undefined)) {
    throw refusal('There are words too many. A name of several words goes into --name "…".')
  }
  const file = values.file ?? accountsFile
  if (!file) throw refusal('Say which file: ACCOUNTS=accounts.json, or --file accounts.json.')
  if (command === 'list') return { command, file }
  if (!name) throw refusal(`Say whom: ${command} NAME.`)
  if (!needingScopes.includes(command)) {
    return { command: command as 'passwd' | 'disable' | 'enable' | 'remove', file, name }
  }
  if (values.scopes === undefined) throw refusal('Say what the account may do: --scopes read,write, or none.')
  if (values.scopes.trim() === '') throw refusal('--scopes is empty. To take all scopes away: --scopes none.')
  const scopes = values.scopes.split(/[\s,]+/).filter((scope) => scope !== '' && scope !== 'none')
  const fullName = values.name
  return {
    command: command as 'add' | 'set-scopes',
    file,
    name,
    scopes,
    ...(fullName !== undefined && { fullName }),
  }
}

function refusal(problem: string): UsageError {
  return new UsageError(problem, usage)
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        file: { type: 'string' },
        scopes: { type: 'string' },
        name: { type: 'string' },
      },
    })
  } catch (cause) {
    throw refusal((cause as Error).message)
  }
}
