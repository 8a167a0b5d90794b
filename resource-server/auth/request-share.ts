import type { AuthInfo } from '@modelcontextprotocol/server'
import type { Authentication } from './authenticate.ts'

/** Whose share a request takes from. */
export interface Share {
  readonly address: string
  readonly authInfo?: AuthInfo | undefined
  /** Whose good token came without its key. */
  readonly unproven?: AuthInfo | undefined
  /** What was said about a token that was sent: it is bad, or nothing is known about it. Absent when none was sent. */
  readonly token?: 'bad' | 'unknown' | undefined
}

/** Bounds how often anyone may ask. Each resolves to the seconds to wait when it has been too often. */
export interface RequestLimit {
  /** Counts the messages of a request: a batch counts like as many requests. */
  count(request: Share & { readonly messages: number }): Promise<number | undefined>
  /** Says the same about what has been counted so far. Asked before a body is read. */
  exceeded(share: Share): Promise<number | undefined>
  /** Asked before the issuer is asked about a token from that address. What is asked without a token has no say. */
  mustWait(address: string): Promise<number | undefined>
}

/** Whose share a request takes from, by what was found out about its token. */
export function shareOf({ authInfo, unproven, denial }: Authentication, address: string): Share {
  const unknown = denial?.kind === 'rate_limited' || denial?.kind === 'unavailable'
  const token = denial?.kind === 'invalid_token' ? 'bad' : unknown ? 'unknown' : undefined
  return { address, authInfo, unproven, token }
}
