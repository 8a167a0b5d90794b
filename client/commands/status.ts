import { printableLine } from '../../runtime/printable.ts'
import { type ExitStatus, exitStatus } from '../failure.ts'
import { renderColumns, renderJson } from '../render.ts'
import { isExpired, type Tokens } from '../tokens.ts'
import type { CommandContext } from './context.ts'

/** Shows who is signed in where, from what is kept here: no server is asked. */
export async function status({ store, json, print, tell, now }: CommandContext): Promise<ExitStatus> {
  const held = await store.tokens.list()
  if (json) {
    print(renderJson(held.map((tokens) => describe(tokens, now()))))
    return exitStatus.ok
  }
  if (held.length === 0) {
    tell('Nobody is signed in. To sign in: npm run client -- login')
    return exitStatus.ok
  }
  const rows = held
    .map((tokens) => describe(tokens, now()))
    .map(({ profile, resource, issuer, scopes, state }) =>
      [profile, resource, issuer, scopes.join(' ') || 'none', state].map(printableLine),
    )
  print(renderColumns([['AS', 'SERVER', 'SIGNED IN AT', 'SCOPES', 'TOKEN'], ...rows], '  '))
  return exitStatus.ok
}

function describe(tokens: Tokens, now: number) {
  const { profile, resource, issuer, clientId, scopes, expiresAt } = tokens
  return {
    profile,
    resource,
    issuer,
    client_id: clientId,
    scopes,
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
    state: stateOf(tokens, now),
  }
}

function stateOf(tokens: Tokens, now: number): string {
  const bound = tokens.dpopKey ? ', bound to a key' : ''
  if (!isExpired(tokens, now)) {
    return tokens.expiresAt === undefined
      ? `good${bound}`
      : `good for ${duration(tokens.expiresAt - now)}${bound}`
  }
  return tokens.refreshToken === undefined ? 'expired' : `renewed at its next use${bound}`
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`
  return seconds < 7200 ? `${Math.floor(seconds / 60)} minutes` : `${Math.floor(seconds / 3600)} hours`
}
