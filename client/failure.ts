/** What the command line exits with. Scripts rely on these numbers. */
export const exitStatus = {
  ok: 0,
  /** The tool or the server reported an error. */
  failed: 1,
  /** The command line or the environment cannot be used. */
  usage: 2,
  /** Signing in failed, or was refused. */
  signIn: 3,
  /** The account may not do this: a scope is missing. */
  scope: 4,
  /** A server did not answer. */
  unreachable: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const

/** A number of `exitStatus`. */
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus]

interface FailureOptions {
  readonly status: ExitStatus
  readonly hint?: string
  readonly cause?: unknown
}

/** Something that stops the client, in words for the person in front of it. The message holds no secret. */
export class ClientFailure extends Error {
  override readonly name = 'ClientFailure'
  readonly status: ExitStatus
  /** What to do next. */
  readonly hint: string | undefined

  constructor(message: string, { status, hint, cause }: FailureOptions) {
    super(message, { cause })
    this.status = status
    this.hint = hint
  }
}

/** The stable code that a library or Node.js gave an error, if it gave one. */
export function codeOf(error: unknown): string | undefined {
  const code = propertyOf(error, 'code')
  return typeof code === 'string' ? code : undefined
}

/** What an error says it was caused by, if it says so. */
export function causeOf(error: unknown): unknown {
  return propertyOf(error, 'cause')
}

function propertyOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
}
