import type { CommandLine } from '../command-line.ts'
import type { ExitStatus } from '../failure.ts'
import { call, whoami } from './call.ts'
import type { CommandContext } from './context.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { listResources, readResource } from './resources.ts'
import { status } from './status.ts'
import { token } from './token.ts'
import { listTools, start } from './tools.ts'

/** Does what the user wants, except showing the help. */
export async function runCommand(context: CommandContext, line: CommandLine): Promise<ExitStatus> {
  switch (line.command) {
    case 'help':
      throw new TypeError('The help needs no context.')
    case 'start':
      return await start(context)
    case 'login':
      return await login(context)
    case 'logout':
      return await logout(context)
    case 'status':
      return await status(context)
    case 'tools':
      return await listTools(context)
    case 'call':
      return await call(context, line)
    case 'resources':
      return await listResources(context)
    case 'read':
      return await readResource(context, line.uri)
    case 'token':
      return await token(context)
    case 'whoami':
      return await whoami(context)
  }
}
