import { compareStores } from './provider/compare-stores.ts'
import { measureShortLivedTokens } from './provider/short-lived-tokens.ts'
import { withStores } from './provider/store-servers.ts'
import { compareProcesses } from './provider/two-processes.ts'
import { renderFindings } from './support/report.ts'
import { runBenchmark } from './support/run-benchmark.ts'

/** As often as a client does that refreshes each hour, in a week. */
const refreshesBefore = 200

await runBenchmark({
  title: 'The provider',
  script: 'bench:provider',
  resultFile: 'provider.md',
  explanation:
    "Everything is compared with the same program over oidc-provider's stock adapter, an LRU of 1,000 entries in memory: " +
    'ratio and CPU ratio say what a store costs that keeps everything, sealed, with one winner for each code and token. ' +
    'The bare oidc-provider has the options of provider/oidc-configuration.ts and the stock adapter, its own login and ' +
    'consent pages, no limits, logs, metrics or headers. 50 clients; every server is a process of its own. Medians; a ' +
    'ratio of 1 is as fast, 0.5 half as fast. The CPU ratio counts the server process alone. ' +
    `A refresh is one of a grant that was refreshed ${refreshesBefore} times before the first round and some hundred ` +
    'times by the last: the stock adapter keeps a list for each grant, and gets slower as it grows. A login ends with the ' +
    'code, and no password is hashed in it, on either side: that is to take its 20 ms. Redis ' +
    'flushes its append-only file each second, SQLite and PostgreSQL each commit. Clients, stores and servers share ' +
    'the machine: what two processes gain is what it has left.',
  async run({ quick, rounds: usual }, onProgress) {
    // There is much to measure.
    const rounds = quick ? usual : { rounds: 7, seconds: 2, warmUpSeconds: 6 }
    const findings = await withStores(async (urls) => {
      const found = []
      for (const [name, url] of Object.entries(urls)) {
        onProgress(`short-lived tokens, ${name}`)
        found.push(...(await measureShortLivedTokens(name, url, quick ? 5_000 : 200_000)))
      }
      return found
    })
    return withStores(async (urls) => {
      const comparison = await compareStores(
        urls,
        { ...rounds, refreshesBefore: quick ? 5 : refreshesBefore },
        onProgress,
      )
      const { redis, postgres } = urls
      const processes = await compareProcesses({ redis, postgres }, rounds, onProgress)
      return `${comparison}\n\n${processes}\n\n${renderFindings(findings)}`
    })
  },
})
