import { type DpopSession, type FetchLike, withDpop } from '@modelcontextprotocol/client'
import type { JWK } from 'openid-client'
import type { Fetch } from './secure-fetch.ts'
import type { Tokens } from './tokens.ts'

/** Presents tokens that are bound to a key as such, with a proof for each request; others pass through. */
export function withDpopProofs(fetch: Fetch, tokens: () => Promise<Tokens | undefined>): Fetch {
  let session: { readonly key: JWK; readonly dpop: Promise<DpopSession> } | undefined
  const sessionOf = async () => {
    const key = (await tokens())?.dpopKey
    if (key === undefined) return undefined
    // The session remembers the server's nonce for as long as the key is in use.
    if (session?.key.x !== key.x) session = { key, dpop: openSession(key) }
    return await session?.dpop
  }
  const present = withDpop(sessionOf, async () => (await tokens())?.accessToken)
  return present(fetch as FetchLike) as Fetch
}

/** Loaded by those whose tokens are bound to a key: everybody else's commands start sooner. */
async function openSession(key: JWK): Promise<DpopSession> {
  const { openDpopSession } = await import('./dpop.ts')
  return await openDpopSession(key)
}
