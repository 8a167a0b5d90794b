import { median, type Rounds } from '../support/compare.ts'
import type { Sample } from '../support/load.ts'
import { decimal, renderTable } from '../support/report.ts'
import { startGatehouse } from './compare-stores.ts'
import { createScenario, type Task } from './scenarios.ts'

/**
 * How much more two processes do over one store than one does.
 * @returns a table
 */
export async function compareProcesses(
  urls: Readonly<Record<string, string>>,
  { rounds, seconds, warmUpSeconds }: Rounds,
  onProgress: (text: string) => void,
): Promise<string> {
  const rows: string[][] = []
  for (const [name, url] of Object.entries(urls)) {
    const first = await startGatehouse(url)
    const second = await startGatehouse(url, first)
    for (const task of ['introspection', 'refresh with rotation'] satisfies Task[]) {
      onProgress(`two processes: ${task}, ${name}`)
      const [one, two] = [await createScenario(task, [first]), await createScenario(task, [first, second])]
      await one.load(warmUpSeconds)
      await two.load(warmUpSeconds)
      const samples: { one: Sample; two: Sample }[] = []
      for (let round = 0; round < rounds; round += 1) {
        samples.push({ one: await one.load(seconds), two: await two.load(seconds) })
      }
      const ratio = median(
        samples.map((sample) => sample.two.requestsPerSecond / sample.one.requestsPerSecond),
      )
      rows.push([
        task,
        name,
        decimal(median(samples.map((sample) => sample.one.requestsPerSecond)), 0),
        decimal(median(samples.map((sample) => sample.two.requestsPerSecond)), 0),
        decimal(ratio, 2),
      ])
    }
    await Promise.all([first.stop(), second.stop()])
  }
  return renderTable(['task', 'store', 'one process, per second', 'two processes, per second', 'ratio'], rows)
}
