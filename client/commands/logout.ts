import { type ExitStatus, exitStatus } from '../failure.ts'
import type { SignOut } from '../sign-out.ts'
import type { CommandContext } from './context.ts'

const messages: Record<SignOut, string> = {
  revoked: 'Signed out. The tokens are revoked.',
  forgotten:
    'Signed out. The authorization server lets this client revoke nothing: the access token lives until it expires.',
  nothing: 'Nobody was signed in.',
}

/** Revokes both tokens, then forgets them. */
export async function logout({ client, cache, tell }: CommandContext): Promise<ExitStatus> {
  tell(messages[await client.signOut()])
  await cache.forget()
  return exitStatus.ok
}
