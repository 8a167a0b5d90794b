import { compareStores } from './provider/compare-stores.ts'
import { runBenchmark } from './support/run-benchmark.ts'

await runBenchmark({
  title: 'The provider',
  script: 'bench:provider',
  resultFile: 'provider.md',
  explanation:
    'Stock is oidc-provider with the options of provider/oidc-configuration.ts, its own adapter (an LRU of 1,000 entries in ' +
    'memory), its own login and consent pages, and none of the middleware. 50 clients; every server is a process of ' +
    'its own. Medians; a ratio of 1 is as fast, 0.5 half as fast. The CPU ratio counts the server process alone.',
  async run({ rounds }, onProgress) {
    return compareStores({ memory: 'memory:' }, rounds, onProgress)
  },
})
