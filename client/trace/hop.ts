/** Who takes part. The person's browser is one of them: half of OAuth happens there. */
export type Actor = 'browser' | 'client' | 'MCP server' | 'authorization server'

/** One half of a hop, as it may be shown: no secret is in it. */
export interface Message {
  /** `POST https://…`, or `200 OK`. */
  readonly line: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body?: string
}

/** One request and what came of it, without secrets. */
export interface Hop {
  /** From 1. */
  readonly number: number
  readonly from: Actor
  readonly to: Actor
  /** What it is, in a few words. */
  readonly title: string
  /** The specification that has it. */
  readonly standard: string
  /** Why it is sent. */
  readonly purpose: string
  readonly request: Message
  readonly response?: Message
  /** How it ended, in a few words. */
  readonly outcome: string
  readonly ok: boolean
  /** From sending the request to having its answer, in milliseconds. Absent for what the browser does. */
  readonly durationMs?: number
}
