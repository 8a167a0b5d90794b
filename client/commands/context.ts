import type { Client } from '@modelcontextprotocol/client'
import type { OAuthClient } from '../oauth-client.ts'
import type { ServerCache } from '../server-cache.ts'
import type { TokenStore } from '../token-store.ts'

/** What a command works with. */
export interface CommandContext {
  /** The MCP server's URL. */
  readonly resource: string
  readonly profile: string
  readonly client: OAuthClient
  readonly store: TokenStore
  readonly cache: ServerCache
  /** Scopes to ask for when signing in. Absent: what the MCP server names. */
  readonly scopes?: readonly string[]
  /** Whether results are for programs. */
  readonly json: boolean
  /** Writes a result to standard output. The text must be printable. */
  readonly print: (text: string) => void
  /** Tells the person something on standard error. The text must be printable. */
  readonly tell: (text: string) => void
  /** Unix seconds. */
  readonly now: () => number
}

/**
 * Opens a session for some work, and closes it. What is known of the server from before saves the round trip in which
 * it says what it speaks.
 */
export async function withSession<Result>(
  { client, cache }: Pick<CommandContext, 'client' | 'cache'>,
  work: (session: Client) => Promise<Result>,
): Promise<Result> {
  const prior = (await cache.load())?.prior
  const session = await client.connect(undefined, prior)
  try {
    const discover = session.getDiscoverResult()
    if (!prior && discover) await cache.save({ prior: { kind: 'modern', discover } })
    return await work(session)
  } finally {
    await session.close()
  }
}
