import type { Logger } from '../../runtime/logger.ts'
import { createRecordLimit, kindOf429, type RecordLimit } from '../../runtime/record-limit.ts'

/** Who did something, and from where, as far as it is known. Nothing in it is ever a credential. */
interface Circumstances {
  /** The account's name, where a person acts. Never what was typed when nobody has that name. */
  readonly account?: string
  /** The account's identifier, the `sub` of its tokens: links what is done with tokens to who signed in. */
  readonly subject?: string
  readonly clientId?: string
  readonly scopes?: readonly string[]
  /** The caller's address, as TRUST_PROXY lets it be told. */
  readonly address?: string
  /** Why, in few words: an OAuth error code, or what this server found. */
  readonly reason?: string
  /** Present when it was answered so because there was too much of it. */
  readonly status?: 429
}

/** What a person who looks into an incident asks for, by the word in `event`. */
export type SecurityEvent =
  /** Somebody has signed in, has failed to, has tried too often, or has signed out. */
  | (Circumstances & { readonly event: 'login' | 'login_failed' | 'login_limited' | 'logout' })
  /** Somebody has allowed a client something, has refused to, or has taken everything back. */
  | (Circumstances & { readonly event: 'consent' | 'consent_refused' | 'access_disconnected' })
  /** A grant has led to tokens, or has not. A replay ends what the grant has led to. */
  | (Circumstances & {
      readonly event: 'token_issued' | 'token_refreshed' | 'token_refused' | 'token_replayed'
      readonly grantType?: string
    })
  | (Circumstances & { readonly event: 'token_revoked' | 'grant_revoked' })
  /** An authorization request was refused, or a client could not prove who it is. */
  | (Circumstances & { readonly event: 'authorization_refused' | 'client_refused' })
  | (Circumstances & { readonly event: 'client_registered' | 'client_dropped' | 'registration_refused' })
  /** Too many requests of one address. */
  | (Circumstances & { readonly event: 'rate_limited'; readonly route: string })
  | (Circumstances & { readonly event: 'keys_rotated'; readonly keyId?: string })
  /** An account was added, changed, disabled or enabled. */
  | (Circumstances & { readonly event: 'account_changed' })

/** Writes a security event down. Never throws, never waits. */
export type Audit = (event: SecurityEvent) => void

/** The longest word from outside that a record holds, in characters. */
const maxLength = 200

/**
 * Makes the audit trail: a record for each event, as JSON on one line, whatever the words in it. Of what was answered
 * 429 there is one for each network and minute.
 */
export function createAudit(logger: Logger, limit: RecordLimit = createRecordLimit()): Audit {
  return (happened) => {
    const admitted = isTooMany(happened) ? limit.admit(kindOf429(happened.address)) : {}
    if (!admitted) return
    const { event, account, subject, clientId, scopes, address, reason, ...rest } = happened
    const record = { event, account, sub: subject, client_id: clientId, address, reason, ...snakeCase(rest) }
    logger.info(
      {
        ...shortened(record),
        ...(scopes && { scope: scopes.join(' ').slice(0, maxLength) }),
        ...admitted,
      },
      event,
    )
  }
}

function isTooMany({ event, status }: SecurityEvent): boolean {
  return event === 'rate_limited' || event === 'login_limited' || status === 429
}

function shortened(record: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, typeof value === 'string' ? value.slice(0, maxLength) : value]),
  )
}

/** What is written is for OAuth's readers, and has OAuth's spelling. */
function snakeCase(record: object): object {
  const spelled = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [spelled(key), value]))
}
