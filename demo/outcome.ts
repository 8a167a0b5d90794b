import { contract } from './contract.ts'
import { type Caller, callers, type Matrix, type Reporter, type Step } from './report.ts'

/** A step, and the part of the demo that it belongs to. */
export interface RecordedStep extends Step {
  readonly section: string
}

/** A cell of the matrix beside what the contract wants there. */
export interface JudgedCell {
  readonly tool: string
  readonly caller: Caller
  readonly expected: string
  readonly actual: string
}

/** What the demo came to. */
export interface Outcome {
  readonly steps: readonly RecordedStep[]
  /** Empty when it was not reached. */
  readonly matrix: Matrix
  readonly cells: readonly JudgedCell[]
  /** Everything that is not as the contract says, in sentences. */
  readonly differences: readonly string[]
}

/** Writes down what is reported while it goes on to `reporter`, and judges it at the end. */
export function recordOutcome(reporter: Reporter): { reporter: Reporter; outcome(): Outcome } {
  const steps: RecordedStep[] = []
  let matrix: Matrix = {}
  let cells: readonly JudgedCell[] = []
  let section = ''
  return {
    reporter: {
      section(title) {
        section = title
        reporter.section(title)
      },
      step(step) {
        steps.push({ section, ...step })
        reporter.step(step)
      },
      progress: (text) => reporter.progress(text),
      matrix(filled) {
        matrix = filled
        cells = judge(filled)
        reporter.matrix(filled)
      },
    },
    outcome: () => ({
      steps,
      matrix,
      cells,
      differences: [
        ...(cells.length === 0 ? ['The access matrix was not reached.'] : []),
        ...cells
          .filter(({ actual, expected }) => actual !== expected)
          .map(({ tool, caller, expected, actual }) => `${tool} as ${caller}: ${actual}, not ${expected}.`),
        ...steps.filter(({ ok }) => !ok).map((step) => `${step.section}: ${step.what}: ${step.outcome}.`),
      ],
    }),
  }
}

function judge(matrix: Matrix): readonly JudgedCell[] {
  return Object.entries(contract).flatMap(([tool, row]) =>
    callers.map((caller) => ({
      tool,
      caller,
      expected: row[caller],
      actual: matrix[tool]?.[caller] ?? 'not called',
    })),
  )
}
