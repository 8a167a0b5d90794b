import type { CommandLine } from '../command-line.ts'
import type { ExitStatus } from '../failure.ts'
import type { CommandContext } from './context.ts'

/** Does what the user wants, except showing the help. Each command is loaded when it is the one. */
export async function runCommand(context: CommandContext, line: CommandLine): Promise<ExitStatus> {
  switch (line.command) {
    case 'help':
      throw new TypeError('The help needs no context.')
    case 'start':
      return await (await import('./tools.ts')).start(context)
    case 'login':
      return await (await import('./login.ts')).login(context)
    case 'logout':
      return await (await import('./logout.ts')).logout(context)
    case 'status':
      return await (await import('./status.ts')).status(context)
    case 'tools':
      return await (await import('./tools.ts')).listTools(context)
    case 'call':
      return await (await import('./call.ts')).call(context, line)
    case 'resources':
      return await (await import('./resources.ts')).listResources(context)
    case 'read':
      return await (await import('./resources.ts')).readResource(context, line.uri)
    case 'token':
      return await (await import('./token.ts')).token(context)
    case 'whoami':
      return await (await import('./call.ts')).whoami(context)
  }
}
