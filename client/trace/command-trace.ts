import { writeFile } from 'node:fs/promises'
import type { CommandOptions } from '../command-line.ts'
import { renderHop, renderHopLine } from './render-hop.ts'
import { renderTracePage } from './render-page.ts'
import { createTrace, type Trace } from './trace.ts'

/** The trace that somebody has asked a command for. */
export interface CommandTrace extends Trace {
  /** Tells and writes what is still to be told and written. @param resource the MCP server's URL */
  end(resource: string): Promise<void>
}

/** Starts the trace. @param tell writes to standard error */
export function createCommandTrace(
  { trace: inFull, verbose, traceHtml }: CommandOptions,
  tell: (text: string) => void,
): CommandTrace {
  const trace = createTrace((hop) => {
    if (inFull) tell(`${renderHop(hop)}\n`)
    else if (verbose) tell(renderHopLine(hop))
  })
  return {
    ...trace,
    async end(resource) {
      const hops = await trace.hops()
      if (traceHtml === undefined) return
      await writeFile(traceHtml, renderTracePage(hops, { resource, madeAt: new Date() }), { mode: 0o600 })
      tell(`The trace is in ${traceHtml}.`)
    },
  }
}
