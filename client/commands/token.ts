import { printableLine } from '../../runtime/printable.ts'
import { type ExitStatus, exitStatus } from '../failure.ts'
import { renderJson } from '../render.ts'
import type { CommandContext } from './context.ts'
import { signIn } from './login.ts'

/** Prints an access token that is good now, for scripts. The only command that prints one. */
export async function token(context: CommandContext): Promise<ExitStatus> {
  const { client, json, print, tell } = context
  if ((await client.authorization.token()) === undefined) await signIn(context)
  const tokens = await client.authorization.tokens()
  if (!tokens) throw new Error('A sign-in came to nothing.')
  const { accessToken, dpopKey, expiresAt, scopes } = tokens
  if (dpopKey) tell('This token is bound to a key of this client: without a DPoP proof it is worth nothing.')
  if (json) print(renderJson({ access_token: accessToken, expires_at: expiresAt, scope: scopes.join(' ') }))
  else print(printableLine(accessToken))
  return exitStatus.ok
}
