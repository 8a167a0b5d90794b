import { type Measurements, median, type Pair } from './compare.ts'
import type { Sample } from './load.ts'
import { decimal, renderTable, verdict } from './report.ts'

/** Renders what was measured: for each comparison both sides, their ratio, and what was wanted. */
export function renderComparisons(measurements: Measurements): string {
  const figures = renderTable(
    ['scenario', 'against', 'requests/s', 'its requests/s', 'ratio', 'target', 'verdict'],
    [...measurements].map(([{ scenario, against, target }, pairs]) => {
      const ratio = throughputRatio(pairs)
      return [
        scenario.name,
        against.name,
        decimal(median(pairs.map((pair) => pair.scenario.requestsPerSecond)), 0),
        decimal(median(pairs.map((pair) => pair.against.requestsPerSecond)), 0),
        decimal(ratio, 2),
        `≥ ${target.toFixed(2)}`,
        verdict(ratio === undefined ? undefined : ratio >= target),
      ]
    }),
  )
  const processorTime = renderTable(
    ['scenario', 'server CPU µs/request', 'of the other', 'CPU ratio'],
    [...measurements].map(([{ scenario }, pairs]) => [
      scenario.name,
      decimal(median(pairs.map((pair) => pair.scenario.cpuMicros)), 0),
      decimal(median(pairs.map((pair) => pair.against.cpuMicros)), 0),
      decimal(cpuRatio(pairs), 2),
    ]),
  )
  return `${figures}\n\n${processorTime}`
}

/** What stands under the tables: how their figures are to be read. */
export const comparisonNotes =
  'Over 50 connections; every server is a process of its own. The two sides of a comparison take turns; each ratio is the ' +
  'median of the ratios of the rounds. The ratio is that of requests in a second: 1 is as fast, 2 twice as fast. The CPU ratio ' +
  "is the other server's processor time for each request divided by this one's, threads beside the main one included: 1 is as cheap."

function throughputRatio(pairs: readonly Pair[]): number | undefined {
  return median(pairs.map(({ scenario, against }) => scenario.requestsPerSecond / against.requestsPerSecond))
}

function cpuRatio(pairs: readonly Pair[]): number | undefined {
  return median(pairs.map(({ scenario, against }) => quotient(against, scenario)))
}

function quotient(above: Sample, below: Sample): number | undefined {
  return above.cpuMicros === undefined || below.cpuMicros === undefined
    ? undefined
    : above.cpuMicros / below.cpuMicros
}
