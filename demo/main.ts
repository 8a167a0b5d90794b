import process from 'node:process'
import { parseArgs } from 'node:util'
import { describeError } from '../client/describe-error.ts'
import { printable } from '../runtime/printable.ts'
import { recordOutcome } from './outcome.ts'
import type { Reporter } from './report.ts'
import { runDemo } from './run-demo.ts'
import { type Servers, startServers } from './servers.ts'
import { createTerminalReporter, printOutcome } from './terminal.ts'

const help = `Starts the provider and the MCP server on free ports, signs in three people,
calls every tool as each of them and without a token, and checks every answer.

Usage: npm run demo [-- --json]

  --json   print one JSON document instead (npm run -s demo -- --json)

Exit status: 0 when everything is as the contract says, 1 otherwise, 2 wrong usage
`

/** Longer than the whole demo takes on a slow machine, in milliseconds. */
const timeoutMs = 60_000

/** The servers get a known environment: settings meant for real use must not change what is shown. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot']

const silent: Reporter = { section() {}, step() {}, progress() {}, matrix() {} }

async function demo(isJson: boolean): Promise<number> {
  const started = performance.now()
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  process.once('SIGTERM', () => interrupt.abort())
  const signal = AbortSignal.any([interrupt.signal, AbortSignal.timeout(timeoutMs)])
  const { reporter, outcome } = recordOutcome(isJson ? silent : createTerminalReporter(process.stdout))
  let servers: Servers | undefined
  let failure: string | undefined
  try {
    reporter.progress('starting the provider and the MCP server')
    servers = await startServers(Object.fromEntries(inherited.map((name) => [name, process.env[name]])))
    await runDemo(servers, reporter, signal)
  } catch (error) {
    failure = interrupt.signal.aborted
      ? 'Interrupted.'
      : signal.aborted
        ? `Not done after ${timeoutMs / 1000} s.`
        : describeError(error).message
  } finally {
    await servers?.stop()
  }
  const { steps, matrix, cells, differences: found } = outcome()
  const differences = failure === undefined ? found : [printable(failure), ...found]
  const ok = differences.length === 0
  const seconds = (performance.now() - started) / 1000
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ ok, seconds, matrix, steps, differences }, undefined, 2)}\n`)
  } else {
    printOutcome(process.stdout, { steps, matrix, cells, differences }, seconds)
  }
  const complaints = servers?.complaints() ?? ''
  if (!ok && complaints !== '') process.stderr.write(printable(`\nThe servers' last words:\n${complaints}\n`))
  return ok ? 0 : 1
}

try {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) process.stdout.write(help)
  else process.exitCode = await demo(values.json ?? false)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${help}`)
  process.exitCode = 2
}
