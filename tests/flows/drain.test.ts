import process from 'node:process'
import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import { findFreePort, killPrograms, type Program, startProgram } from '../support/programs.ts'
import { describeWithProxy, type RunningProxy, startProxy } from '../support/proxies.ts'
import { type CallOptions, type SteadyCallers, startCallers } from '../support/steady-callers.ts'

/** How many calls each case makes over its five stops. `TEST_DRAIN_CALLS=10000` is the full count. */
const calls = Number(process.env.TEST_DRAIN_CALLS ?? 1000)
const stops = 5
const callers = 40

/** A busy machine takes seconds to start a server again, in milliseconds. */
const timeoutMs = 120_000 + calls * 30

let load: SteadyCallers | undefined
afterEach(() => load?.stop())
afterAll(killPrograms)

const unlimited = { RATE_LIMIT: '1000000000', RATE_LIMIT_ANONYMOUS: '1000000000', LOG_LEVEL: 'silent' }

/** A server that can be started again at the same port, and a call that changes something there, answered with `status`. */
interface Subject {
  readonly main: string
  env(port: number, origin: string): Record<string, string>
  call(origin: string): Pick<CallOptions, 'request' | 'body' | 'status'>
}

const subjects: Readonly<Record<'provider' | 'MCP server', Subject>> = {
  provider: {
    main: 'provider/main.ts',
    env: (port, origin) => ({ ...unlimited, PORT: `${port}`, ISSUER: origin }),
    call: (origin) => ({
      request: {
        path: '/token',
        headers: { host: new URL(origin).host, 'content-type': 'application/x-www-form-urlencoded' },
      },
      body: 'grant_type=refresh_token&refresh_token=x&client_id=test-client',
      status: 400,
    }),
  },
  'MCP server': {
    main: 'resource-server/main.ts',
    // Nothing listens at the issuer, which public tools do not need.
    env: (port, origin) => ({
      ...unlimited,
      PORT: `${port}`,
      RESOURCE: `${origin}/mcp`,
      ISSUER: 'http://127.0.0.1:9',
    }),
    call: (origin) => ({
      request: {
        path: '/mcp',
        headers: {
          host: new URL(origin).host,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'public_info', arguments: {} },
      }),
      status: 200,
    }),
  },
}

/** How many calls a replica has answered since its start. */
async function callsOf(metricsPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  const counts = text.matchAll(/^gatehouse_(?:http_requests|decisions)_total\{.*\} (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

async function start(main: string, env: Record<string, string>): Promise<Program> {
  const program = startProgram(main, env)
  await program.wrote(/Ctrl-C stops it/)
  return program
}

describe.each(Object.entries(subjects))('SIGTERM to the %s under load', (name, { main, env, call }) => {
  it.each([
    ['kept alive', true],
    ['closed after each call', false],
  ])(
    `loses no call on connections that are %s, over ${stops} stops`,
    async (_, keepAlive) => {
      const port = await findFreePort()
      const origin = `http://localhost:${port}`
      let program = await start(main, env(port, origin))
      load = startCallers(callers, { port, keepAlive, ...call(origin) })
      for (let stop = 0; stop < stops; stop += 1) {
        await load.more(calls / stops)
        expect((await program.stop()).code).toBe(0)
        program = await start(main, env(port, origin))
      }
      await load.more(callers)
      await load.stop()
      await program.stop()
      process.stderr.write(`${name}, direct: ${JSON.stringify(load.report)}\n`)
      expect(load.report.lost).toEqual([])
      expect(load.report.answered).toBeGreaterThanOrEqual(calls)
    },
    timeoutMs,
  )

  describe.each(['nginx', 'haproxy'] as const)('behind %s', (kind) => {
    describeWithProxy(kind, `with two replicas behind ${kind}`, () => {
      let proxy: RunningProxy | undefined
      afterEach(async () => {
        await load?.stop()
        await proxy?.stop()
      })
      it(
        `loses no call over ${stops} stops`,
        async () => {
          const proxyPort = await findFreePort()
          const origin = `https://localhost:${proxyPort}`
          const upstreams = [
            { port: await findFreePort(), metricsPort: await findFreePort() },
            { port: await findFreePort(), metricsPort: await findFreePort() },
          ] as const
          const startReplica = ({ port, metricsPort }: (typeof upstreams)[number]) =>
            start(main, {
              ...env(port, origin),
              TRUST_PROXY: '127.0.0.1',
              METRICS_PORT: `${metricsPort}`,
              // HAProxy asks each second, and twice.
              ...(kind === 'haproxy' && { STOP_DELAY_SECONDS: '4' }),
            })
          const replicas = [await startReplica(upstreams[0]), await startReplica(upstreams[1])]
          proxy = await startProxy(kind, proxyPort, upstreams)
          load = startCallers(callers, { port: proxyPort, ca: proxy.ca, keepAlive: true, ...call(origin) })
          for (let stop = 0; stop < stops; stop += 1) {
            await load.more(calls / stops)
            const index = (stop % 2) as 0 | 1
            expect((await replicas[index]?.stop())?.code).toBe(0)
            replicas[index] = await startReplica(upstreams[index])
            const ready = () =>
              fetch(`http://127.0.0.1:${upstreams[index].metricsPort}/readyz`).then(({ status }) => status)
            while ((await ready()) !== 200);
            // The proxy sends calls to it again, so that the other one can stop: nginx does so a second later.
            while ((await callsOf(upstreams[index].metricsPort)) === 0) await load.more(1)
            await load.more(calls / stops)
          }
          await load.stop()
          await Promise.all(replicas.map((replica) => replica.stop('SIGKILL')))
          process.stderr.write(`${name}, ${kind}: ${JSON.stringify(load.report)}\n`)
          expect(load.report.lost).toEqual([])
          expect(load.report.answered).toBeGreaterThanOrEqual(calls)
        },
        timeoutMs,
      )
    })
  })
})
