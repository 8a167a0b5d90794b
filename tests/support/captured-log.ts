import { type Logger, pino } from 'pino'

/** A logger whose lines a test can read. */
export interface CapturedLog {
  readonly logger: Logger
  /** What was written, as it was written. */
  readonly text: () => string
  /** The records, one for each line. */
  readonly records: () => Record<string, unknown>[]
}

/** Makes a logger that keeps everything from `trace` up, and cuts nothing out. */
export function captureLog(): CapturedLog {
  const lines: string[] = []
  const logger = pino({ level: 'trace', base: null }, { write: (line: string) => void lines.push(line) })
  return {
    logger,
    text: () => lines.join(''),
    records: () =>
      lines
        .join('')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
  }
}
