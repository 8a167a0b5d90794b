import { writeFile } from 'node:fs/promises'
import type { CommandOptions } from '../command-line.ts'
import { ClientFailure, codeOf, exitStatus } from '../failure.ts'
import { renderHop, renderHopLine } from './render-hop.ts'
import { renderTracePage } from './render-page.ts'
import { createTrace, type Trace } from './trace.ts'

/** The trace that somebody has asked a command for. */
export interface CommandTrace extends Trace {
  /** Tells and writes what is still to be told and written. @param resource the MCP server's URL */
  end(resource: string): Promise<void>
}

/**
 * Starts the trace.
 * @param tell writes to standard error
 * @throws ClientFailure when the file of the trace cannot be written
 */
export async function createCommandTrace(
  { trace: inFull, verbose, traceHtml }: CommandOptions,
  tell: (text: string) => void,
): Promise<CommandTrace> {
  // Before anybody signs in for nothing.
  if (traceHtml !== undefined) await write(traceHtml, '')
  const trace = createTrace((hop) => {
    if (inFull) tell(`${renderHop(hop)}\n`)
    else if (verbose) tell(renderHopLine(hop))
  })
  return {
    ...trace,
    async end(resource) {
      const hops = await trace.hops()
      if (traceHtml === undefined) return
      await write(traceHtml, renderTracePage(hops, { resource, madeAt: new Date() }))
      tell(`The trace is in ${traceHtml}.`)
    },
  }
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 }).catch((cause) => {
    throw new ClientFailure(`The trace cannot be written to ${file} (${codeOf(cause)}).`, {
      status: exitStatus.usage,
      hint: 'Name a file in a folder that is there: --trace-html trace.html',
      cause,
    })
  })
}
