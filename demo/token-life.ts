import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { authorizationCode } from '../client/grants/authorization-code.ts'
import { createOAuthClient } from '../client/oauth-client.ts'
import { createMemoryTokenStore } from '../client/token-store.ts'
import type { Tokens } from '../client/tokens.ts'
import type { ToolCaller } from './caller.ts'
import { introspectionCacheSeconds } from './contract.ts'
import { type Step, shorten } from './report.ts'
import { clientCredentials, type SignedIn } from './sign-in.ts'

/** How a token's life is watched. */
export interface TokenLifeOptions {
  readonly caller: ToolCaller
  readonly onStep: (step: Step) => void
  /** Told what is waited for. */
  readonly onWait: (text: string) => void
}

/** The longest that a revoked token may still be let in: the cache, and the introspection's own timeout. */
const refusedWithinSeconds = introspectionCacheSeconds + 2

const hasContent = z.object({ content: z.string() })

/** What one call writes, another reads. */
export async function showWriting({ tokens }: SignedIn, { caller, onStep }: TokenLifeOptions): Promise<void> {
  const document = { resource_id: 'minutes', content: `${new Date().toISOString()}` }
  const written = await caller.call('write_data', document, tokens.accessToken)
  const isWritten = 'result' in written
  onStep({
    standard: 'MCP',
    what: 'write_data minutes',
    outcome: isWritten ? 'ok' : `${written.status}`,
    ok: isWritten,
  })
  const read = await caller.call('read_data', { resource_id: document.resource_id }, tokens.accessToken)
  const isSame = 'result' in read && hasContent.safeParse(read.result).data?.content === document.content
  const outcome = isSame ? `“${document.content}”` : `${read.status}, not what was written`
  onStep({ standard: 'MCP', what: 'read_data minutes', outcome, ok: isSame })
}

/** A refresh gives new tokens; signing out revokes them, and the MCP server hears of it in time. */
export async function showRevocation(person: SignedIn, options: TokenLifeOptions): Promise<void> {
  const renewed = await refresh(person, options)
  await showAccepted('the new access token', renewed, options)
  const outcome = await person.client.signOut()
  options.onStep({
    standard: 'RFC 7009',
    what: 'signing out',
    outcome: `tokens ${outcome}, then forgotten`,
    ok: outcome === 'revoked',
  })
  await showRefused('the revoked access token', renewed, options)
}

/** A refresh token that comes back after its use may be a thief's: the whole family ends (RFC 9700 §4.14). */
export async function showReplay(person: SignedIn, options: TokenLifeOptions): Promise<void> {
  const store = createMemoryTokenStore()
  const { resource } = person.tokens
  const grant = authorizationCode({ visit: async () => {} })
  const thief = createOAuthClient({ resource, client: clientCredentials, store, grant })
  const renewed = await refresh(person, options)
  await showAccepted('the new access token', renewed, options)
  for (const [what, tokens] of [
    ['the used refresh token again', person.tokens],
    ['then the new refresh token', renewed],
  ] as const) {
    await store.tokens.update(tokens, async () => tokens)
    const revived = await thief.authorization.refresh()
    const outcome = revived ? 'accepted' : 'refused, the family has ended'
    options.onStep({ standard: 'RFC 9700', what, outcome, ok: revived === undefined })
  }
  await showRefused('then the access token', renewed, options)
}

async function refresh({ client, tokens }: SignedIn, { onStep }: TokenLifeOptions): Promise<Tokens> {
  const renewed = await client.authorization.refresh()
  if (!renewed) throw new Error('The authorization server does not take a fresh refresh token.')
  onStep({
    standard: 'RFC 9700',
    what: 'refresh token rotation',
    outcome: `${shorten(tokens.refreshToken ?? '')} is used up, now ${shorten(renewed.refreshToken ?? '')}`,
    ok: renewed.refreshToken !== undefined && renewed.refreshToken !== tokens.refreshToken,
  })
  return renewed
}

/** Makes the MCP server remember the token, so that it has something to unlearn. */
async function showAccepted(
  what: string,
  tokens: Tokens,
  { caller, onStep }: TokenLifeOptions,
): Promise<void> {
  const { status } = await caller.call('get_user_profile', {}, tokens.accessToken)
  onStep({ standard: 'RFC 7662', what, outcome: status === 200 ? 'ok' : `${status}`, ok: status === 200 })
}

/** The MCP server may believe an earlier answer for as long as its cache holds, and no longer. */
async function showRefused(
  what: string,
  tokens: Tokens,
  { caller, onStep }: TokenLifeOptions,
): Promise<void> {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  let answer = await caller.call('get_user_profile', {}, tokens.accessToken)
  while (answer.status === 200 && seconds() < refusedWithinSeconds) {
    await delay(50)
    answer = await caller.call('get_user_profile', {}, tokens.accessToken)
  }
  const error = 'challenge' in answer ? (answer.challenge?.error ?? '') : ''
  onStep({
    standard: 'RFC 6750',
    what,
    outcome: `${answer.status} ${error} after ${seconds().toFixed(1)} s`,
    ok: answer.status === 401 && error === 'invalid_token',
  })
}
