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
  /** The least ratio of processor time for each request, the other's to this one's: 1 is as cheap. */
  readonly target: number
}

/** How long to measure. */
export interface Rounds {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
}

/** The samples of each scenario, one for each round. */
export type Samples = ReadonlyMap<Scenario, readonly Sample[]>

/**
 * Measures scenarios in turns (A B C, A B C, …), so that whatever else the machine does hits all of them.
 * @param onProgress told what is measured now
 */
export async function measure(
  scenarios: readonly Scenario[],
  { rounds, seconds, warmUpSeconds }: Rounds,
  onProgress: (text: string) => void,
): Promise<Samples> {
  for (const { name, server, request } of scenarios) {
    onProgress(`warming up: ${name}`)
    await applyLoad(server, request, warmUpSeconds)
  }
  const samples = new Map<Scenario, Sample[]>(scenarios.map((scenario) => [scenario, []]))
  for (let round = 1; round <= rounds; round += 1) {
    for (const [{ name, server, request }, taken] of samples) {
      onProgress(`round ${round} of ${rounds}: ${name}`)
      taken.push(await applyLoad(server, request, seconds))
    }
  }
  return samples
}

/** Which quantity of a sample. */
export type Quantity = (sample: Sample) => number | undefined

/** The median over the rounds. Undefined when there is nothing to compare. */
export function medianOf(samples: readonly Sample[] = [], quantity: Quantity): number | undefined {
  return median(samples.map(quantity))
}

/** The median over the rounds of `above` ÷ `below`, each taken in the same round. */
export function medianRatio(
  above: readonly Sample[] = [],
  below: readonly Sample[] = [],
  quantity: Quantity,
): number | undefined {
  return median(
    above.map((sample, round) => {
      const other = below[round]
      const [dividend, divisor] = [quantity(sample), other && quantity(other)]
      return dividend === undefined || divisor === undefined ? undefined : dividend / divisor
    }),
  )
}

/** The median, or undefined when a value is missing or there is none. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  if (known.length === 0 || known.length < values.length) return undefined
  const middle = Math.floor(known.length / 2)
  const upper = known[middle] as number
  return known.length % 2 === 1 ? upper : ((known[middle - 1] as number) + upper) / 2
}
