import { applyLoad, type Sample } from './load.ts'
import type { Program } from './program.ts'
import type { LoadRequest } from './requests.ts'

/** A server and what is asked of it. */
export interface Scenario {
  readonly name: string
  readonly server: Program
  readonly request: LoadRequest
}

/** What is to be found out: how one scenario does against another. */
export interface Comparison {
  readonly scenario: Scenario
  readonly against: Scenario
  /** The least ratio of requests in a second, this one's to the other's. */
  readonly target: number
}

/** How long to measure. */
export interface Rounds {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
}

/** One round: both were measured right after one another. */
export interface Pair {
  readonly scenario: Sample
  readonly against: Sample
}

/** The rounds of each comparison. */
export type Measurements = ReadonlyMap<Comparison, readonly Pair[]>

/**
 * Measures comparisons. The two sides of one take turns, and take turns at being first, so that whatever else the
 * machine does hits both.
 * @param onProgress told what is measured now
 */
export async function measure(
  comparisons: readonly Comparison[],
  { rounds, seconds, warmUpSeconds }: Rounds,
  onProgress: (text: string) => void,
): Promise<Measurements> {
  const scenarios = new Set(comparisons.flatMap(({ scenario, against }) => [against, scenario]))
  for (const { name, server, request } of scenarios) {
    onProgress(`warming up: ${name}`)
    await applyLoad(server, request, warmUpSeconds)
  }
  const take = ({ server, request }: Scenario) => applyLoad(server, request, seconds)
  const measurements = new Map<Comparison, readonly Pair[]>()
  for (const comparison of comparisons) {
    const pairs: Pair[] = []
    for (let round = 1; round <= rounds; round += 1) {
      onProgress(`round ${round} of ${rounds}: ${comparison.scenario.name}`)
      if (round % 2 === 1) {
        const against = await take(comparison.against)
        pairs.push({ scenario: await take(comparison.scenario), against })
      } else {
        const scenario = await take(comparison.scenario)
        pairs.push({ scenario, against: await take(comparison.against) })
      }
    }
    measurements.set(comparison, pairs)
  }
  return measurements
}

/** The median, or undefined when a value is missing or there is none. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  if (known.length === 0 || known.length < values.length) return undefined
  const middle = Math.floor(known.length / 2)
  const upper = known[middle] as number
  return known.length % 2 === 1 ? upper : ((known[middle - 1] as number) + upper) / 2
}
