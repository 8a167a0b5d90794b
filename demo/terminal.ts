import { styleText } from 'node:util'
import { contract } from './contract.ts'
import type { Outcome } from './outcome.ts'
import { callers, type Matrix, type Reporter } from './report.ts'

type Style = Parameters<typeof styleText>[0]

/** The part of standard output that is needed. */
export type Terminal = NodeJS.WriteStream

/** Tells the demo to a person: colour and progress on a terminal, plain lines in a pipe or with NO_COLOR. */
export function createTerminalReporter(terminal: Terminal): Reporter {
  const paint = createPaint(terminal)
  const clear = terminal.isTTY ? '\r\x1b[K' : ''
  const print = (line: string) => void terminal.write(`${clear}${line}\n`)
  return {
    section: (title) => print(`\n${paint('bold', title)}`),
    step({ standard, what, outcome, ok }) {
      const mark = ok ? '' : paint('red', '  ← not as the contract says')
      print(
        `  ${paint('cyan', standard.padEnd(8))}  ${what.padEnd(29)}  ${paint('dim', '→')} ${outcome}${mark}`,
      )
    },
    progress(text) {
      if (terminal.isTTY) terminal.write(`${clear}${paint('dim', `  ${text} …`)}`)
    },
    matrix(matrix) {
      print(`\n${paint('bold', 'Who may do what')}`)
      for (const line of matrixLines(matrix, paint)) print(line)
      print(paint('dim', '  401: no token   403 write: the token lacks the scope write'))
    },
  }
}

/** The last words: everything as it should be, or what was not. */
export function printOutcome(
  terminal: Terminal,
  { steps, cells, differences }: Outcome,
  seconds: number,
): void {
  const paint = createPaint(terminal)
  const clear = terminal.isTTY ? '\r\x1b[K' : ''
  const verdict =
    differences.length === 0
      ? paint(
          ['green', 'bold'],
          `All ${cells.length} cells and ${steps.length} steps are as the contract says.`,
        )
      : [paint(['red', 'bold'], 'Not as the contract says:'), ...differences.map((line) => `  ${line}`)].join(
          '\n',
        )
  terminal.write(`${clear}\n${verdict} ${paint('dim', `${seconds.toFixed(1)} s`)}\n`)
}

function createPaint(terminal: Terminal): (style: Style, text: string) => string {
  return (style, text) => styleText(style, text, { stream: terminal })
}

function matrixLines(matrix: Matrix, paint: (style: Style, text: string) => string): readonly string[] {
  const toolWidth = Math.max(...Object.keys(contract).map((tool) => tool.length))
  const heading = ['tool'.padEnd(toolWidth), ...callers.map((caller) => caller.padEnd(cellWidth))].join('  ')
  const rows = Object.entries(contract).map(([tool, expected]) => {
    const cells = callers.map((caller) => {
      const actual = matrix[tool]?.[caller] ?? '?'
      const style = actual !== expected[caller] ? 'inverse' : actual === 'ok' ? 'green' : 'yellow'
      const text = actual === expected[caller] ? actual : `${actual}!`
      return paint(style, text) + ' '.repeat(Math.max(0, cellWidth - text.length))
    })
    return [tool.padEnd(toolWidth), ...cells].join('  ')
  })
  return [paint('dim', heading), ...rows].map((line) => `  ${line}`.trimEnd())
}

const cellWidth = 9
