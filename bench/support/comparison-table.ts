import {
  type Comparison,
  medianOf,
  medianRatio,
  type Quantity,
  type Samples,
  type Scenario,
} from './compare.ts'
import { decimal, renderTable, verdict } from './report.ts'

const cpu: Quantity = ({ cpuMicros }) => cpuMicros
const throughput: Quantity = ({ requestsPerSecond }) => requestsPerSecond

/** Renders what was measured: each scenario by itself, then each comparison. */
export function renderComparisons(comparisons: readonly Comparison[], samples: Samples): string {
  const scenarios = renderTable(
    ['scenario', 'requests/s', 'server CPU µs/request'],
    [...samples].map(([{ name }, taken]) => [
      name,
      decimal(medianOf(taken, throughput), 0),
      decimal(medianOf(taken, cpu), 0),
    ]),
  )
  const ratios = renderTable(
    ['scenario', 'against', 'CPU ratio', 'target', 'verdict', 'throughput ratio'],
    comparisons.map(({ scenario, against, target }) => {
      const ratio = cpuRatio({ scenario, against }, samples)
      return [
        scenario.name,
        against.name,
        decimal(ratio, 2),
        `≥ ${target.toFixed(2)}`,
        verdict(ratio === undefined ? undefined : ratio >= target),
        decimal(medianRatio(samples.get(scenario), samples.get(against), throughput), 2),
      ]
    }),
  )
  return `${scenarios}\n\n${ratios}`
}

/** How much cheaper a request is than the other's, in processor time of the server: 2 is half the time. */
export function cpuRatio(
  { scenario, against }: { readonly scenario: Scenario; readonly against: Scenario },
  samples: Samples,
): number | undefined {
  return medianRatio(samples.get(against), samples.get(scenario), cpu)
}
