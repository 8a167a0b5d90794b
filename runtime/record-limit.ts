import type { Logger } from './logger.ts'
import { siteOf } from './networks-of.ts'

/** What was left out since the last record that was written. */
export interface Admitted {
  /** How many of the same kind, or of kinds that are no longer remembered; absent when there were none. */
  readonly suppressed?: number
}

/** Keeps a flood of requests from becoming a flood of records. */
export interface RecordLimit {
  /**
   * Decides whether a record is written: once a minute for each kind.
   * @returns undefined when it is left out, else what to add to the record
   */
  admit(kind: string): Admitted | undefined
}

const periodMs = 60_000

/** How many kinds are remembered. Beyond that records are left out and counted, until a kind's minute has passed. */
const defaultMaxKinds = 10_000

/** @param now milliseconds, of a clock that only goes forward */
export function createRecordLimit({
  maxKinds = defaultMaxKinds,
  now = () => performance.now(),
}: {
  readonly maxKinds?: number
  readonly now?: () => number
} = {}): RecordLimit {
  // In the order in which their minutes end.
  const kinds = new Map<string, { readonly until: number; suppressed: number }>()
  /** Of kinds that were forgotten, or never remembered. */
  let forgotten = 0

  function forgetExpired(time: number): void {
    for (const [kind, { until, suppressed }] of kinds) {
      if (until > time) return
      kinds.delete(kind)
      forgotten += suppressed
    }
  }

  return {
    admit(kind) {
      const time = now()
      const known = kinds.get(kind)
      if (known && known.until > time) {
        known.suppressed += 1
        return undefined
      }
      kinds.delete(kind)
      if (kinds.size >= maxKinds) forgetExpired(time)
      if (kinds.size >= maxKinds) {
        forgotten += 1 + (known?.suppressed ?? 0)
        return undefined
      }
      kinds.set(kind, { until: time + periodMs, suppressed: 0 })
      const suppressed = forgotten + (known?.suppressed ?? 0)
      forgotten = 0
      return suppressed > 0 ? { suppressed } : {}
    },
  }
}

/** The kind of a request that was answered 429: its network, however many addresses that has. */
export function kindOf429(address: string | undefined): string {
  return siteOf(address ?? '')
}

/**
 * The same logger, whose errors are written once a minute when they repeat: the same message and route, and an error of
 * the same class and code from the same line. The next such record says how many were left out.
 */
export function withoutRepeatedErrors(logger: Logger, limit = createRecordLimit()): Logger {
  const own: Logger = Object.create(logger)
  own.error = (fields: unknown, message?: string, ...rest: unknown[]) => {
    const { err, route } = Object(fields) as { readonly err?: unknown; readonly route?: unknown }
    const { name, code, stack } = Object(err) as Record<string, unknown>
    const [, line = ''] = /\n\s+at ([^\n]*)/.exec(String(stack)) ?? []
    const admitted = limit.admit([message, route, name, code, line].map(String).join('\n'))
    if (admitted) logger.error({ ...Object(fields), ...admitted }, message, ...rest)
  }
  return own
}
