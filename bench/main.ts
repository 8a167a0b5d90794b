import { startIssuer } from '../tests/support/issuer-stand-in.ts'
import { scenariosOf, warmCacheComparison } from './gate-comparisons.ts'
import { measureStartUp } from './start-up.ts'
import { measure } from './support/compare.ts'
import { renderComparisons } from './support/comparison-table.ts'
import { decimal, renderFindings } from './support/report.ts'
import { runBenchmark } from './support/run-benchmark.ts'
import { residentMegabytesOf } from './support/usage.ts'

await runBenchmark({
  title: 'Start, memory and the price of a protected call',
  script: 'bench',
  resultFile: 'start.md',
  explanation:
    'The servers run as `npm run provider` and `npm run mcp` start them, in processes of their own. The CPU ratio is the ' +
    "bare handler's processor time for each request divided by the gate's, in the same round: 1 is as cheap. Medians.",
  async run({ quick, rounds }, onProgress) {
    onProgress('starting the servers')
    const startUp = await measureStartUp(quick ? 1 : 5)
    const issuer = await startIssuer()
    const comparison = await warmCacheComparison(issuer)
    const samples = await measure(scenariosOf([comparison]), rounds, onProgress)
    const megabytes = residentMegabytesOf(comparison.scenario.server.pid)
    const afterwards = {
      what: 'MCP server: memory right after the load (RSS)',
      figure: `${decimal(megabytes, 0)} MB`,
    }
    await Promise.all([comparison.scenario.server.stop(), comparison.against.server.stop()])
    await issuer.stop()
    return `${renderFindings([...startUp, afterwards])}\n\n${renderComparisons([comparison], samples)}`
  },
})
