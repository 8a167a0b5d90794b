import type { Client, Tool } from '@modelcontextprotocol/client'
import { printableLine } from '../../runtime/printable.ts'
import { type ExitStatus, exitStatus } from '../failure.ts'
import { requestTimeoutMs } from '../mcp-session.ts'
import { renderJson, renderTools } from '../render.ts'
import { type CommandContext, withSession } from './context.ts'
import { signIn } from './login.ts'

/** Signs in if nobody is, then lists the tools. */
export async function start(context: CommandContext): Promise<ExitStatus> {
  if ((await context.client.authorization.token()) === undefined) await signIn(context)
  return await listTools(context)
}

/** Lists the tools with the scopes they need. Signs in only if the server keeps the list to itself. */
export async function listTools(context: CommandContext): Promise<ExitStatus> {
  const { resource, client, json, print, tell } = context
  return await withSession(context, async (session) => {
    const tools = await loadTools(session, context, false)
    if (json) {
      print(renderJson(tools))
      return exitStatus.ok
    }
    const tokens = await client.authorization.tokens()
    const who = tokens ? `signed in, granted ${tokens.scopes.join(' ') || 'no scopes'}` : 'not signed in'
    print(`${printableLine(`${resource}: ${who}`)}\n\n${renderTools(tools, tokens?.scopes)}`)
    tell('\nCall one:  npm run client -- call NAME key=value …    More:  npm run client -- --help')
    return exitStatus.ok
  })
}

/**
 * The server's tools, which are remembered.
 * @param remembered whether those from before will do
 */
export async function loadTools(
  session: Client,
  { cache }: Pick<CommandContext, 'cache'>,
  remembered: boolean,
): Promise<readonly Tool[]> {
  const known = remembered ? (await cache.load())?.tools : undefined
  if (known) return known
  const { tools } = await session.listTools(undefined, { timeout: requestTimeoutMs, cacheMode: 'refresh' })
  await cache.save({ tools })
  return tools
}
