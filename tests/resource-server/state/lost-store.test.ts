import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openSharedState, type SharedState } from '../../../resource-server/state/shared-state.ts'
import { listen } from '../../../runtime/listen.ts'
import { createOperationsServer } from '../../../runtime/operations-server.ts'
import { stop } from '../../../runtime/shutdown.ts'
import { createProofKey } from '../../support/dpop-proof.ts'
import { type IssuerStandIn, startIssuer } from '../../support/issuer-stand-in.ts'
import { callTool, postMcp } from '../../support/mcp-request.ts'
import { killPrograms, startProgram } from '../../support/programs.ts'
import { describeWithStores } from '../../support/real-stores.ts'
import { type RunningResourceServer, startResourceServer } from '../../support/start-resource-server.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'

afterAll(killPrograms)

const unique = () => crypto.randomUUID()

/** How long it takes until the promise settles, in milliseconds. */
async function timed(promise: Promise<unknown>): Promise<number> {
  const started = performance.now()
  await promise.catch(() => {})
  return performance.now() - started
}

/** Asks until it works again, as a caller would. */
async function recovered(state: SharedState): Promise<boolean> {
  const giveUp = performance.now() + 10_000
  while (performance.now() < giveUp) {
    const added = await state.replayStore.add(unique(), 60).catch(() => false)
    if (added) return true
    await new Promise((resolve) => setImmediate(resolve))
  }
  return false
}

describeWithStores('store down: the shared state', ({ url, defaultPort }) => {
  let proxy: TcpProxy
  let state: SharedState
  beforeEach(async () => {
    proxy = await startTcpProxy(url, defaultPort)
    state = await openSharedState(proxy.through(url))
  })
  afterEach(async () => {
    await state.close()
    await proxy.stop()
  })

  describe.each(['cut', 'hang'] as const)('when the connection is gone (%s)', (fault) => {
    it('23: accepts no proof, and says so within two seconds', async () => {
      await proxy[fault]()
      const outcome = state.replayStore.add(unique(), 60)
      expect(await timed(outcome)).toBeLessThan(2000)
      await expect(outcome).rejects.toThrow()
    })

    it('is not ready', async () => {
      await proxy[fault]()
      await expect(state.check()).rejects.toThrow()
    })

    it('goes on counting, in this process', async () => {
      const limiter = state.createRateLimiter(unique(), { points: 2, seconds: 60 })
      await proxy[fault]()
      expect(await limiter.count('alice')).toBeUndefined()
      expect(await limiter.count('alice')).toBeUndefined()
      expect(await limiter.count('alice')).toBeGreaterThanOrEqual(1)
    })

    it('works again when the store is back, and remembers what it knew', async () => {
      const key = unique()
      expect(await state.replayStore.add(key, 60)).toBe(true)
      await proxy[fault]()
      await expect(state.replayStore.add(unique(), 60)).rejects.toThrow()
      await proxy.heal()
      expect(await recovered(state)).toBe(true)
      expect(await state.replayStore.add(key, 60)).toBe(false)
      await expect(state.check()).resolves.toBeUndefined()
    })
  })

  it('keeps the MCP server from starting, in one line that names the variable and no password', async () => {
    await proxy.cut()
    const REPLAY_STORE = proxy.through(url).replace('//', '//someone:canary@').replace(/@\w+@/, '@')
    const { code, stdout, stderr } = await startProgram('resource-server/main.ts', { REPLAY_STORE }).ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^REPLAY_STORE: \S+ cannot be used \(.*\)\.$/m)
    expect(stderr).not.toContain('canary')
    await proxy.heal()
  })

  it('makes the readiness probe fail within five seconds, and succeed when it is back', async () => {
    const operations = createOperationsServer({ metrics: async () => '', ready: state.check })
    const port = await listen(operations, { host: '127.0.0.1', port: 0 })
    const probe = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    expect(await probe('/readyz')).toBe(200)
    await proxy.cut()
    expect(await timed(probe('/readyz'))).toBeLessThan(5000)
    expect([await probe('/readyz'), await probe('/healthz')]).toEqual([503, 200])
    await proxy.heal()
    expect(await recovered(state)).toBe(true)
    expect(await probe('/readyz')).toBe(200)
    await stop(operations, 0)
  })
})

describeWithStores('store down: the MCP server', ({ url, defaultPort }) => {
  let proxy: TcpProxy
  let issuer: IssuerStandIn
  let server: RunningResourceServer
  beforeEach(async () => {
    proxy = await startTcpProxy(url, defaultPort)
    issuer = await startIssuer()
    server = await startResourceServer({ issuer: issuer.issuer, env: { REPLAY_STORE: proxy.through(url) } })
  })
  afterEach(async () => {
    await server.stop()
    await issuer.stop()
    await proxy.stop()
  })

  it('23: answers 503 to a bound token, and lets bearer tokens and public tools go on', async () => {
    const key = await createProofKey()
    const token = issuer.issue(server.resource, { cnf: { jkt: key.thumbprint } })
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get_user_profile' } }
    const send = async () =>
      postMcp(server.resource, call, {
        authorization: `DPoP ${token}`,
        dpop: await key.prove({ url: server.resource, token }),
      })
    expect((await send()).status).toBe(200)
    await proxy.cut()
    const { status, headers, body } = await send()
    expect([status, headers.get('retry-after'), body.result]).toEqual([503, '5', undefined])
    const bearer = issuer.issue(server.resource)
    expect((await callTool(server.resource, 'get_user_profile', {}, { token: bearer })).status).toBe(200)
    expect((await callTool(server.resource, 'public_info')).status).toBe(200)
    await proxy.heal()
  })
})
