import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { parseArgs } from 'node:util'
import type { Rounds } from './compare.ts'
import { describeCircumstances, notMeasured } from './report.ts'

/** How much to measure. */
export interface Effort {
  /** True for a look at whether everything runs; the figures mean little then. */
  readonly quick: boolean
  readonly rounds: Rounds
}

/** A benchmark, as its command runs it. */
export interface Benchmark {
  readonly title: string
  /** The npm script. */
  readonly script: string
  /** In bench/results/. */
  readonly resultFile: string
  /** What the figures mean, for whoever reads the results. */
  readonly explanation: string
  /** Measures and renders. @throws when something cannot be measured */
  run(effort: Effort, onProgress: (text: string) => void): Promise<string>
}

/**
 * Runs a benchmark for its command: shows the figures and, unless `--quick`, keeps them in bench/results/.
 * The exit code is 0 however slow everything is, and 1 when something could not be measured.
 */
export async function runBenchmark({
  title,
  script,
  resultFile,
  explanation,
  run,
}: Benchmark): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
  const { quick } = values
  const rounds = quick
    ? { rounds: 1, seconds: 1, warmUpSeconds: 1 }
    : { rounds: 15, seconds: 1, warmUpSeconds: 15 }
  const circumstances = describeCircumstances(new Date())
  const figures = await run({ quick, rounds }, (text) => process.stderr.write(`${text}\n`))
  const howToRun = `Run it with \`npm run ${script}\`; \`npm run ${script} -- --quick\` takes less time and keeps no results.`
  const page = `# ${title}\n\n${circumstances}\n\n${figures}\n\n${explanation}\n\n${howToRun}\n`
  process.stdout.write(page)
  if (page.includes(notMeasured)) process.exitCode = 1
  if (!quick) await writeFile(new URL(`../results/${resultFile}`, import.meta.url), page)
}
