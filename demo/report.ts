/** One thing that the demo did, and whether it went as the contract says. */
export interface Step {
  /** Where it is defined, for example `RFC 9728`. */
  readonly standard: string
  readonly what: string
  /** What came of it, with secrets shortened. */
  readonly outcome: string
  readonly ok: boolean
}

/** Who calls the tools. */
export const callers = ['nobody', 'alice', 'bob', 'admin'] as const
export type Caller = (typeof callers)[number]

/** What a tool answered to a caller: `ok`, `401`, `403` with the missing scope, or what else there was. */
export type Cell = string

/** The access matrix: tool → caller → cell. */
export type Matrix = Readonly<Record<string, Readonly<Record<Caller, Cell>>>>

/** Where the demo tells what it does, as it happens. */
export interface Reporter {
  section(title: string): void
  step(step: Step): void
  /** What is under way, for a person who waits. */
  progress(text: string): void
  matrix(matrix: Matrix): void
}

/** A secret's first characters: enough to recognise it, not to use it. */
export function shorten(secret: string): string {
  return `${secret.slice(0, 4)}…`
}
