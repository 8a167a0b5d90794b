import type { Config } from '../../config/index.ts'
import type { IntrospectionClient } from '../auth/introspection.ts'
import type { IssuerDocument, IssuerMetadata } from '../auth/issuer-documents.ts'
import type { IdpRemedy } from '../idp-remedy.ts'

/**
 * How a finding is to be taken. `note`: works, and is worth knowing. `warning`: may not work. `missing`: the MCP server
 * or the client cannot do without.
 */
export type Level = 'ok' | 'note' | 'warning' | 'missing'

/** One thing that was looked at. */
export interface Finding {
  /** What it is about, in a word, such as `documents`. */
  readonly about: string
  readonly level: Level
  /** What there is. It may repeat the identity provider's words: print it as printable. */
  readonly found: string
  /** What to change, and where. Absent when nothing has to be. */
  readonly change?: string
}

/** What is examined, and with what. */
export interface Subject {
  readonly config: Config
  /** The environment, for what was set and what is a default. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** How the MCP server authenticates to the issuer. */
  readonly client: IntrospectionClient
  readonly remedy: IdpRemedy
  /** For each request. */
  readonly timeoutMs: number
}

/** A subject whose metadata is known. */
export interface Described extends Subject {
  readonly metadata: IssuerMetadata
  readonly documents: readonly IssuerDocument[]
}

export function ok(about: string, found: string): Finding {
  return { about, level: 'ok', found }
}

export function note(about: string, found: string, change?: string): Finding {
  return { about, level: 'note', found, ...(change !== undefined && { change }) }
}

export function warning(about: string, found: string, change?: string): Finding {
  return { about, level: 'warning', found, ...(change !== undefined && { change }) }
}

export function missing(about: string, found: string, change: string): Finding {
  return { about, level: 'missing', found, change }
}
