import { startIssuer } from '../tests/support/issuer-stand-in.ts'
import { measureBadTokenFlood } from './bad-token-flood.ts'
import { measureBadTokenMemory } from './bad-token-memory.ts'
import { measureColdToken } from './cold-token.ts'
import { gateComparisons, scenariosOf } from './gate-comparisons.ts'
import { measure } from './support/compare.ts'
import { renderComparisons } from './support/comparison-table.ts'
import { renderFindings } from './support/report.ts'
import { runBenchmark } from './support/run-benchmark.ts'

await runBenchmark({
  title: 'The gate',
  script: 'bench:gate',
  resultFile: 'gate.md',
  explanation:
    'Calls of read_data (MCP 2026-07-28 unless said otherwise) over 50 connections; every server is a process of its own, ' +
    'the gate is the whole MCP server as shipped, with audit and metrics. The CPU ratio is the other ' +
    "server's processor time for each request divided by the gate's, in the same round: 1 is as cheap, 2 costs half. Medians. " +
    'Throughput shares the machine with the load generator and the issuer, and says less.',
  async run({ quick, rounds }, onProgress) {
    const issuer = await startIssuer({ algorithms: ['ES256', 'RS256', 'EdDSA'] })
    const comparisons = await gateComparisons(issuer)
    const scenarios = scenariosOf(comparisons)
    const samples = await measure(scenarios, rounds, onProgress)
    await Promise.all([...new Set(scenarios.map(({ server }) => server))].map((server) => server.stop()))
    await issuer.stop()

    onProgress('1,000 calls with a cold token')
    const coldToken = await measureColdToken()
    onProgress('a flood of bad tokens over HTTP')
    const flood = await measureBadTokenFlood(quick ? 2000 : 20_000)
    onProgress('a flood of bad tokens through the cache')
    const memory = await measureBadTokenMemory(quick ? 50_000 : 1_000_000)
    return `${renderComparisons(comparisons, samples)}\n\n${renderFindings([...coldToken, ...flood, ...memory])}`
  },
})
