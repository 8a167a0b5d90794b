/** What attack.ts does. */
export interface Attack {
  readonly kind: 'many keys' | 'unfinished bodies' | 'bad tokens'
  readonly url: string
  /** Each has a connection of its own. */
  readonly attackers: number
  /** Requests of all attackers together; they send fewer when the answers take longer. */
  readonly perSecond: number
  /** From how many IPv4 addresses, by X-Forwarded-For. */
  readonly networks: number
}

/** What became of it. */
export interface AttackReport {
  sent: number
  readonly statuses: Record<number, number>
  /** Requests without an answer, and connections that were ended. */
  errors: number
}

/** What healthy-caller.ts measured. */
export interface CallerReport {
  readonly calls: number
  readonly failures: number
  /** From the moment at which a call was sent until its answer was there, in milliseconds. */
  readonly p50: number
  readonly p99: number
}
