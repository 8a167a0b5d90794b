import { median, type Rounds } from '../support/compare.ts'
import type { Sample } from '../support/load.ts'
import { type Program, startProgram } from '../support/program.ts'
import { decimal, renderTable, verdict } from '../support/report.ts'
import { createScenario, type Task } from './scenarios.ts'
import type { StoreName, StoreUrls } from './store-servers.ts'

/** The least throughput of each task on each store, as a part of what the stock adapter does. */
const targets: Record<Task, Record<StoreName, number>> = {
  introspection: { memory: 0.8, redis: 0.8, sqlite: 0.5, postgres: 0.35 },
  'refresh with rotation': { memory: 1, redis: 1, sqlite: 0.35, postgres: 0.35 },
  'login to code': { memory: 0.8, redis: 0.8, sqlite: 0.8, postgres: 0.8 },
}

/** What everything is compared with: the first. The other one shows what the rest of the provider costs. */
const references = {
  'stock adapter': 'bench/servers/stock-adapter-provider.ts',
  'bare oidc-provider': 'bench/servers/stock-provider.ts',
}

/** What was measured of one provider, one sample for each round. */
interface Measured {
  readonly name: StoreName | keyof typeof references
  readonly samples: readonly Sample[]
}

/** How much to measure. */
export interface ComparisonEffort extends Rounds {
  /** How often each grant is refreshed before anything is measured. */
  readonly refreshesBefore: number
}

/**
 * Measures every task on the stock adapter and on each store. Each task has servers of its own: the stock
 * adapter forgets what 1,000 later entries have pushed out.
 * @returns a table
 */
export async function compareStores(
  urls: StoreUrls,
  effort: ComparisonEffort,
  onProgress: (text: string) => void,
): Promise<string> {
  const rows: string[][] = []
  for (const task of Object.keys(targets) as Task[]) {
    const measured = await measureTask(task, urls, effort, onProgress)
    rows.push(...renderRows(task, measured))
  }
  return renderTable(
    ['task', 'store', 'per second', 'server CPU µs each', 'ratio', 'target', 'verdict', 'CPU ratio'],
    rows,
  )
}

const settings = { STORE_KEY: 'the-key-of-the-benchmark-protects-nothing', LOG_LEVEL: 'info' }

/** Starts the whole provider. @param first the one whose issuer it is one more process of */
export function startGatehouse(store: string, first?: Program): Promise<Program> {
  return startProgram('bench/servers/gatehouse-provider.ts', {
    ...settings,
    STORE: store,
    ...(first && { ISSUER: `http://localhost:${first.port}` }),
  })
}

/** Measures in turns (A B C, C B A, …), so that whatever else the machine does hits all of them. */
async function measureTask(
  task: Task,
  urls: StoreUrls,
  { rounds, seconds, warmUpSeconds, refreshesBefore }: ComparisonEffort,
  onProgress: (text: string) => void,
): Promise<readonly Measured[]> {
  const servers: { name: string; server: Program }[] = []
  for (const [name, file] of Object.entries(references)) {
    servers.push({ name, server: await startProgram(file, settings) })
  }
  for (const [name, url] of Object.entries(urls)) servers.push({ name, server: await startGatehouse(url) })
  const measured = []
  for (const { name, server } of servers) {
    onProgress(`${task}, ${name}: warming up`)
    const scenario = await createScenario(task, [server], {
      forgetful: name in references,
      refreshesBefore,
    })
    await scenario.load(warmUpSeconds)
    measured.push({ name: name as StoreName, scenario, samples: [] as Sample[] })
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, scenario, samples } of round % 2 === 1 ? measured : measured.toReversed()) {
      onProgress(`${task}, ${name}: round ${round} of ${rounds}`)
      samples.push(await scenario.load(seconds))
    }
  }
  await Promise.all(servers.map(({ server }) => server.stop()))
  return measured
}

function renderRows(task: Task, measured: readonly Measured[]): string[][] {
  const [stock] = measured
  return measured.map(({ name, samples }) => {
    const ratioOf = (quantity: (sample: Sample, stock: Sample) => number) =>
      median(samples.map((sample, round) => quantity(sample, stock?.samples[round] as Sample)))
    const ratio = ratioOf((own, other) => own.requestsPerSecond / other.requestsPerSecond)
    const cpuRatio = ratioOf((own, other) => (other.cpuMicros ?? Number.NaN) / (own.cpuMicros ?? Number.NaN))
    const target = name in references ? undefined : targets[task][name as StoreName]
    return [
      task,
      name,
      decimal(median(samples.map(({ requestsPerSecond }) => requestsPerSecond)), 0),
      decimal(median(samples.map(({ cpuMicros }) => cpuMicros)), 0),
      decimal(ratio, 2),
      target === undefined ? '' : `≥ ${target.toFixed(2)}`,
      target === undefined || ratio === undefined ? '' : verdict(ratio >= target),
      decimal(cpuRatio, 2),
    ]
  })
}
