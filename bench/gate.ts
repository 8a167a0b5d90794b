import { startIssuer } from '../tests/support/issuer-stand-in.ts'
import { measureBadTokenFlood } from './bad-token-flood.ts'
import { measureBadTokenMemory } from './bad-token-memory.ts'
import { measureColdToken } from './cold-token.ts'
import { gateComparisons, stopServers } from './gate-comparisons.ts'
import { measure } from './support/compare.ts'
import { comparisonNotes, renderComparisons } from './support/comparison-table.ts'
import { startProviderAndSignIn } from './support/provider.ts'
import { renderFindings } from './support/report.ts'
import { runBenchmark } from './support/run-benchmark.ts'
import { measureUnderAttack } from './under-attack.ts'

await runBenchmark({
  title: 'The gate',
  script: 'bench:gate',
  resultFile: 'gate.md',
  explanation:
    `Calls of read_data (MCP 2026-07-28 unless said otherwise). ${comparisonNotes} The gate is the whole MCP server as ` +
    "shipped, with audit, metrics and rate limits. The issuer is this project's provider; JWTs come from a stand-in. " +
    'The good caller beside attackers sends 50 calls a second. Caller, attackers and server are processes of their own and ' +
    'share the processors: its quiet figure is measured while the same attackers load another server.',
  async run({ quick, rounds }, onProgress) {
    const signedIn = await startProviderAndSignIn()
    const jwtIssuer = await startIssuer({ algorithms: ['ES256', 'RS256', 'EdDSA'] })
    const comparisons = await gateComparisons(signedIn, jwtIssuer)
    const measurements = await measure(comparisons, rounds, onProgress)
    await stopServers(comparisons)
    await signedIn.provider.stop()
    await jwtIssuer.stop()

    onProgress('1,000 calls with a cold token')
    const coldToken = await measureColdToken()
    onProgress('a flood of bad tokens over HTTP')
    const flood = await measureBadTokenFlood(quick ? 2000 : 20_000)
    onProgress('a flood of bad tokens through the cache')
    const memory = await measureBadTokenMemory(quick ? 50_000 : 1_000_000)
    onProgress('a good caller beside attackers')
    const underAttack = await measureUnderAttack(quick ? 3 : 20)
    const findings = [...coldToken, ...flood, ...memory, ...underAttack]
    return `${renderComparisons(measurements)}\n\n${renderFindings(findings)}`
  },
})
