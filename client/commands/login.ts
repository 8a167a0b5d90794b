import { type ExitStatus, exitStatus } from '../failure.ts'
import { printableLine } from '../printable.ts'
import type { CommandContext } from './context.ts'

/** Signs in, whether or not somebody is signed in already. */
export async function login({ client, tell }: CommandContext): Promise<ExitStatus> {
  const { issuer, scopes } = await client.authorization.signIn()
  tell(printableLine(`Signed in at ${issuer}. Granted: ${scopes.join(' ') || 'no scopes'}.`))
  return exitStatus.ok
}
