import { type ExitStatus, exitStatus } from '../failure.ts'
import { requestTimeoutMs } from '../mcp-session.ts'
import { printableLine } from '../printable.ts'
import { renderTools } from '../render.ts'
import type { CommandContext } from './context.ts'

/** Signs in if nobody is, then lists the tools. */
export async function start(context: CommandContext): Promise<ExitStatus> {
  const { authorization } = context.client
  if ((await authorization.token()) === undefined) await authorization.signIn()
  return await listTools(context)
}

/** Lists the tools with the scopes they need. Signs in only if the server keeps the list to itself. */
export async function listTools({ resource, client, print, tell }: CommandContext): Promise<ExitStatus> {
  const session = await client.connect()
  try {
    const { tools } = await session.listTools(undefined, { timeout: requestTimeoutMs })
    const tokens = await client.authorization.tokens()
    const who = tokens ? `signed in, granted ${tokens.scopes.join(' ') || 'no scopes'}` : 'not signed in'
    print(`${printableLine(`${resource}: ${who}`)}\n\n${renderTools(tools, tokens?.scopes)}`)
    tell('\nCall one:  npm run client -- call NAME key=value …    More:  npm run client -- --help')
    return exitStatus.ok
  } finally {
    await session.close()
  }
}
