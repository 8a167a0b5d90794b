import { stopServers, warmCacheComparison } from './gate-comparisons.ts'
import { measureStartUp } from './start-up.ts'
import { measure } from './support/compare.ts'
import { comparisonNotes, renderComparisons } from './support/comparison-table.ts'
import { startProviderAndSignIn } from './support/provider.ts'
import { decimal, renderFindings } from './support/report.ts'
import { runBenchmark } from './support/run-benchmark.ts'
import { residentMegabytesOf } from './support/usage.ts'

await runBenchmark({
  title: 'Start, memory and the price of a protected call',
  script: 'bench',
  resultFile: 'start.md',
  explanation:
    'The servers run as `npm run provider` and `npm run mcp` start them, in processes of their own. The protected call is ' +
    `read_data. ${comparisonNotes}`,
  async run({ quick, rounds }, onProgress) {
    onProgress('starting the servers')
    const startUp = await measureStartUp(quick ? 1 : 5)
    const signedIn = await startProviderAndSignIn()
    const comparison = await warmCacheComparison(signedIn)
    const measurements = await measure([comparison], rounds, onProgress)
    const megabytes = residentMegabytesOf(comparison.scenario.server.pid)
    const afterwards = {
      what: 'MCP server: memory right after the load (RSS)',
      figure: `${decimal(megabytes, 0)} MB`,
    }
    await stopServers([comparison])
    await signedIn.provider.stop()
    return `${renderFindings([...startUp, afterwards])}\n\n${renderComparisons(measurements)}`
  },
})
