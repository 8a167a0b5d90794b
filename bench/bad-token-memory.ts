import { execFile } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Finding } from './support/report.ts'

/** What flood-verifier.ts finds out. */
export interface FloodMemory {
  readonly hotCalls: number
  /** How often a hot token had to be validated again: it had been pushed out. */
  readonly hotValidations: number
  readonly heapBytesBefore: number
  readonly heapBytesAfter: number
  readonly heapBytesHighest: number
  readonly seconds: number
}

/** Two caches of 10,000 entries fit into this, in megabytes. Something that is kept for each token would not. */
const mostMegabytes = 20

/**
 * A flood through the caching verifier alone, in a process of its own, to see what stays in memory.
 * @param tokens how many bad tokens
 */
export async function measureBadTokenMemory(tokens: number): Promise<readonly Finding[]> {
  const program = fileURLToPath(new URL('flood-verifier.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, String(tokens)])
  const found = JSON.parse(stdout) as FloodMemory
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  const grown = (found.heapBytesHighest - found.heapBytesBefore) / 1e6
  return [
    {
      what: `${tokens} distinct bad tokens through the cache: heap in use before, after, and at most`,
      target: `at most ${mostMegabytes} MB more`,
      figure: `${megabytes(found.heapBytesBefore)}, ${megabytes(found.heapBytesAfter)}, ${megabytes(found.heapBytesHighest)} MB, in ${found.seconds.toFixed(0)} s`,
      met: grown <= mostMegabytes,
    },
    {
      what: 'calls with a hot good token meanwhile that were not answered from the cache',
      target: '0',
      figure: `${found.hotValidations} of ${found.hotCalls}`,
      met: found.hotValidations === 0 && found.hotCalls > 0,
    },
  ]
}
