import { printableLine } from '../../runtime/printable.ts'
import { type ExitStatus, exitStatus } from '../failure.ts'
import { renderJson } from '../render.ts'
import type { Tokens } from '../tokens.ts'
import type { CommandContext } from './context.ts'

/** Signs in, whether or not somebody is signed in already. */
export async function login(context: CommandContext): Promise<ExitStatus> {
  const { issuer, scopes, expiresAt } = await signIn(context)
  if (context.json) context.print(renderJson({ issuer, scopes, expires_at: expiresAt }))
  else context.tell(printableLine(`Signed in at ${issuer}. Granted: ${scopes.join(' ') || 'no scopes'}.`))
  return exitStatus.ok
}

/** Signs in for the scopes that were asked for, or for those that the MCP server names. */
export async function signIn({ client, scopes }: CommandContext): Promise<Tokens> {
  return await client.authorization.signIn(scopes && { scopes })
}
