import { execFile } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { decimal, type Finding } from '../support/report.ts'

/** What churn-tokens.ts finds out. */
export interface Churn {
  readonly rowsBefore: number
  readonly rounds: readonly [Round, Round]
}

/** Tokens were issued, and have expired. */
export interface Round {
  readonly seconds: number
  /** While all of them lived, as far as they did. */
  readonly rowsFull: number
  readonly rowsAfter: number
  /** After a garbage collection. */
  readonly heapBytes: number
  /** Undefined for a store without files. */
  readonly fileBytes?: number | undefined
}

/** The most that the second round may leave in memory, as a part of what the first one left. */
const mostHeap = 1.1

/** The same of the files: PostgreSQL's catalogue and indexes take some pages more. */
const mostFile = 1.05

/**
 * Issues short-lived tokens twice, half of them access tokens and half refresh tokens, through the provider's own
 * adapter, in a process of its own; lets them expire, and looks at what is left.
 */
export async function measureShortLivedTokens(
  name: string,
  url: string,
  tokens: number,
): Promise<readonly Finding[]> {
  const program = fileURLToPath(new URL('churn-tokens.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    program,
    url,
    String(tokens),
  ])
  const { rowsBefore, rounds } = JSON.parse(stdout) as Churn
  const [first, second] = rounds
  const megabytes = (bytes: number | undefined) => decimal(bytes === undefined ? undefined : bytes / 1e6, 1)
  const heap = second.heapBytes / first.heapBytes
  const twice = `${tokens} short-lived tokens, twice, in ${name}`
  const findings: Finding[] = [
    {
      what: `${twice}: rows before, at most, and after they expired`,
      target: 'back to the start',
      figure: `${rowsBefore}, ${first.rowsFull}, ${first.rowsAfter}; ${second.rowsFull}, ${second.rowsAfter} (${decimal(first.seconds + second.seconds, 0)} s)`,
      met: rounds.every(({ rowsAfter }) => rowsAfter <= rowsBefore),
    },
    {
      what: `${twice}: heap after each round`,
      target: `≤ ${mostHeap.toFixed(2)} of the first`,
      figure: `${megabytes(first.heapBytes)} MB, ${megabytes(second.heapBytes)} MB`,
      met: heap <= mostHeap,
    },
  ]
  if (first.fileBytes === undefined) return findings
  return [
    ...findings,
    {
      what: `${twice}: files after each round`,
      target: `≤ ${mostFile.toFixed(2)} of the first`,
      figure: `${megabytes(first.fileBytes)} MB, ${megabytes(second.fileBytes)} MB`,
      met: (second.fileBytes ?? 0) <= first.fileBytes * mostFile,
    },
  ]
}
