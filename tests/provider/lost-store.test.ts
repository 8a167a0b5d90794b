import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { findFreePort, killPrograms, startProgram } from '../support/programs.ts'
import { describeWithRedis } from '../support/real-stores.ts'

let redis: ChildProcess | undefined
let folder: string | undefined
afterEach(async () => {
  killPrograms()
  redis?.kill('SIGKILL')
  if (folder) await rm(folder, { recursive: true, force: true })
})

async function startRedis(port: number): Promise<void> {
  folder ??= await mkdtemp(join(tmpdir(), 'gatehouse-redis-'))
  redis = spawn('redis-server', [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--dir',
    folder,
  ])
  const answers = () => {
    try {
      return execFileSync('redis-cli', ['-p', String(port), 'ping'], { stdio: ['ignore', 'pipe', 'ignore'] })
    } catch {
      return undefined
    }
  }
  while (!String(answers()).startsWith('PONG')) await delay(20)
}

// The fault: store down, with a Redis of this test's own that is killed.
describeWithRedis('store down: the provider', () => {
  describe('readiness', () => {
    it('fails while Redis is gone and comes back with it; requests answer 5xx meanwhile', async () => {
      const [redisPort, port, metricsPort] = [
        await findFreePort(),
        await findFreePort(),
        await findFreePort(),
      ]
      await startRedis(redisPort)
      const program = startProgram('provider/main.ts', {
        PORT: String(port),
        METRICS_PORT: String(metricsPort),
        STORE: `redis://127.0.0.1:${redisPort}`,
        STORE_KEY: 'a-key-of-the-tests-0123456789abcdefghijklmnop',
      })
      await program.wrote(/operations/)
      // Each question is bounded by the server itself, at three seconds.
      const ready = () =>
        fetch(`http://127.0.0.1:${metricsPort}/readyz`, { signal: AbortSignal.timeout(5000) }).then(
          ({ status }) => status,
        )
      const refresh = () =>
        fetch(`http://localhost:${port}/token`, {
          method: 'POST',
          body: new URLSearchParams({
            grant_type: 'refresh_token',
            refresh_token: 'x',
            client_id: 'test-client',
          }),
        }).then(({ status }) => status)
      expect([await ready(), await refresh()]).toEqual([200, 400])
      redis?.kill('SIGKILL')
      await new Promise((resolve) => redis?.once('close', resolve))
      expect(await ready()).toBe(503)
      expect(await refresh()).toBeGreaterThanOrEqual(500)
      await startRedis(redisPort)
      while ((await ready()) !== 200) await delay(50)
      expect(await refresh()).toBe(400)
    })
  })
})
