import { compareStores } from './provider/compare-stores.ts'
import { measureShortLivedTokens } from './provider/short-lived-tokens.ts'
import { withStores } from './provider/store-servers.ts'
import { compareProcesses } from './provider/two-processes.ts'
import { renderFindings } from './support/report.ts'
import { runBenchmark } from './support/run-benchmark.ts'

await runBenchmark({
  title: 'The provider',
  script: 'bench:provider',
  resultFile: 'provider.md',
  explanation:
    'Stock is oidc-provider with the options of provider/oidc-configuration.ts, its own adapter (an LRU of 1,000 entries in ' +
    'memory), its own login and consent pages, and none of the middleware. 50 clients; every server is a process of ' +
    'its own. Medians; a ratio of 1 is as fast, 0.5 half as fast. The CPU ratio counts the server process alone. Redis ' +
    'flushes its append-only file each second, SQLite and PostgreSQL each commit. Clients, stores and servers share ' +
    'the machine: what two processes gain is what it has left.',
  async run({ quick, rounds }, onProgress) {
    const findings = await withStores(async (urls) => {
      const found = []
      for (const [name, url] of Object.entries(urls)) {
        onProgress(`short-lived tokens, ${name}`)
        found.push(...(await measureShortLivedTokens(name, url, quick ? 5_000 : 200_000)))
      }
      return found
    })
    return withStores(async (urls) => {
      const comparison = await compareStores(urls, rounds, onProgress)
      const { redis, postgres } = urls
      const processes = await compareProcesses({ redis, postgres }, rounds, onProgress)
      return `${comparison}\n\n${processes}\n\n${renderFindings(findings)}`
    })
  },
})
