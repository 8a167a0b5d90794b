import process from 'node:process'
import { afterAll, expect, it } from '@jest/globals'
import { testAccounts } from '../../config/index.ts'
import { killReplicas } from '../support/kill-test.ts'
import type { Person } from '../support/light-sign-in.ts'
import { killPrograms } from '../support/programs.ts'
import { describeWithProxy } from '../support/proxies.ts'
import { describeWithStores } from '../support/real-stores.ts'
import { startReplicas } from '../support/replicas.ts'

const person = testAccounts[0] as Person
const proxies = { Postgres: 'haproxy', Redis: 'nginx' } as const

/** How many for each store: .ci/run asks for 100 in all. */
const kills = Number(process.env.TEST_KILLS ?? 10)

/** A busy machine takes seconds to start a replica again, in milliseconds. */
const timeoutMs = 60_000 + kills * 6000

afterAll(killPrograms)

describeWithStores('replicas', (store) => {
  const proxy = proxies[store.name]
  describeWithProxy(proxy, `behind ${proxy}`, () => {
    it(
      'lose nothing that was issued and let nothing be used again, when they are killed under load (attacks 17, 18; faults kill -9, crash in mid-rotation)',
      async () => {
        const replicas = await startReplicas(proxy, { count: 3, store })
        try {
          const report = await killReplicas(replicas, { kills, clients: 4, person })
          process.stderr.write(`${proxy}, ${store.name}: ${JSON.stringify(report)}\n`)
          expect(report.violations).toEqual([])
          expect(report.kills).toBe(kills)
          expect(report.cut).toBeGreaterThan(0)
          expect(report.verified).toBeGreaterThan(kills)
          expect(report.races).toBeGreaterThan(0)
        } finally {
          await replicas.stop()
        }
      },
      timeoutMs,
    )
  })
})
