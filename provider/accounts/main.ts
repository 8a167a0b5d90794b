import process from 'node:process'
import { PromptCancelled } from '../../runtime/prompt-secrets.ts'
import { UsageError } from '../../runtime/usage-error.ts'
import { AccountsFileError } from './accounts-file.ts'
import { type AccountRequest, parseCommandLine, usage } from './command-line.ts'
import { AccountCommandError, accountCommands } from './commands.ts'
import { NoPasswordError, readPassword } from './read-password.ts'

try {
  const request = parseCommandLine(process.argv.slice(2), process.env.ACCOUNTS)
  process.stdout.write(request.command === 'help' ? usage : `${await run(request)}\n`)
} catch (error) {
  process.exitCode = tell(error)
}

async function run(request: Exclude<AccountRequest, { command: 'help' }>): Promise<string> {
  const commands = accountCommands(request.file)
  const ask = () => readPassword(process.stdin, process.stderr)
  switch (request.command) {
    case 'add':
      return commands.add(request.name, request.scopes, request.fullName, ask)
    case 'set-scopes':
      return commands.setScopes(request.name, request.scopes)
    case 'passwd':
      return commands.passwd(request.name, ask)
    case 'list':
      return commands.list()
    default:
      return commands[request.command](request.name)
  }
}

/** @returns the exit code */
function tell(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`)
    return 2
  }
  if (error instanceof PromptCancelled) {
    process.stderr.write('Nothing was changed.\n')
    return error.interrupted ? 130 : 1
  }
  const known =
    error instanceof AccountCommandError ||
    error instanceof AccountsFileError ||
    error instanceof NoPasswordError ||
    (error instanceof Error && 'code' in error)
  if (!known) throw error
  process.stderr.write(`${error.message}\n`)
  return 1
}
