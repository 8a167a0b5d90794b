import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createIssuerHealth, type IssuerProblem } from '../../resource-server/auth/issuer-health.ts'
import { AuthorityUnavailable, CredentialsRefused } from '../../resource-server/auth/verdict.ts'
import { type IssuerStandIn, startIssuer } from '../support/issuer-stand-in.ts'
import { findFreePort, killPrograms, startProgram } from '../support/programs.ts'
import { type RunningResourceServer, startResourceServer } from '../support/start-resource-server.ts'

let issuer: IssuerStandIn
let server: RunningResourceServer | undefined
beforeEach(async () => {
  issuer = await startIssuer()
})
afterEach(async () => {
  killPrograms()
  await server?.stop()
  server = undefined
  await issuer.stop()
})

describe('the MCP server knows that its issuer', () => {
  it.each([
    ['can be asked', {}, () => {}, undefined],
    [
      'refuses connections',
      {},
      () => issuer.refuseConnections(),
      { reason: 'issuer_metadata_unavailable', detail: expect.stringContaining('connection refused') },
    ],
    [
      'does not answer introspection',
      {},
      () => issuer.fail('internal_error', ['introspection']),
      { reason: 'issuer_unreachable' },
    ],
    ['hangs', {}, () => issuer.fail('hang', ['introspection']), { reason: 'issuer_unreachable' }],
    [
      'refuses its credentials',
      { RESOURCE_CLIENT_SECRET: 'of-another-client-altogether-0000' },
      () => {},
      { reason: 'issuer_credentials_refused', detail: expect.stringContaining('RESOURCE_CLIENT_ID') },
    ],
    [
      'has no keys to verify JWTs with',
      { TOKEN_VALIDATION: 'jwt' },
      () => issuer.fail('internal_error', ['jwks']),
      { reason: 'issuer_keys_unavailable' },
    ],
  ] as const)('%s', async (_, env, fail, problem) => {
    await fail()
    server = await startResourceServer({ issuer: issuer.issuer, env })
    const found = await server.mcp.issuerProblem()
    if (problem) expect(found).toMatchObject(problem)
    else expect(found).toBeUndefined()
  })

  it('is asked once by any number of health checks', async () => {
    server = await startResourceServer({ issuer: issuer.issuer })
    const { mcp } = server
    await Promise.all(Array.from({ length: 100 }, () => mcp.issuerProblem()))
    expect(issuer.use.introspection.requests).toBe(1)
  })
})

describe('the health of an issuer', () => {
  it('is learnt from traffic, is asked for again when that is too long ago, and is told once for each change', async () => {
    let time = 0
    let failure: Error | undefined = new CredentialsRefused('refused')
    let probes = 0
    const changes: (IssuerProblem['reason'] | undefined)[] = []
    const ask = async () => {
      if (failure) throw failure
    }
    const chosen = {
      chosen: { mode: 'introspection', reason: '' } as const,
      verify: () => ask().then(() => ({ refusal: { reason: 'inactive' } }) as const),
      probe: () => {
        probes += 1
        return ask()
      },
    }
    const health = createIssuerHealth(chosen, {
      now: () => time,
      onChange: (problem) => changes.push(problem?.reason),
    })
    for (let call = 0; call < 3; call += 1) await expect(health.verifier.verify('x')).rejects.toThrow()
    expect(await health.problem()).toMatchObject({ reason: 'issuer_credentials_refused' })
    expect(probes).toBe(0)
    failure = undefined
    time += 2001
    expect(await health.problem()).toBeUndefined()
    time += 5001
    failure = new AuthorityUnavailable('down')
    expect(await health.problem()).toMatchObject({ reason: 'issuer_unreachable' })
    expect(probes).toBe(2)
    expect(changes).toEqual(['issuer_credentials_refused', undefined, 'issuer_unreachable'])
  })
})

describe('/readyz of npm run mcp', () => {
  it.each([
    ['is 200 with a reason', {}, 200, /^ready\nreason: issuer_metadata_unavailable\ndetail: .+\n$/],
    [
      'is 503 with READY_NEEDS_ISSUER=yes',
      { READY_NEEDS_ISSUER: 'yes' },
      503,
      /^not ready: .+\nreason: issuer_metadata_unavailable\n$/,
    ],
  ])('%s while the issuer cannot be asked', async (_, env, status, words) => {
    await issuer.refuseConnections()
    const [port, metricsPort] = [await findFreePort(), await findFreePort()]
    const program = startProgram('resource-server/main.ts', {
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      ISSUER: issuer.issuer,
      ...env,
    })
    await program.wrote(/Ctrl-C stops it/)
    const url = `http://127.0.0.1:${metricsPort}/readyz`
    const answer = await fetch(url)
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringMatching(words)])
    const json = await fetch(url, { headers: { accept: 'application/json' } })
    expect(await json.json()).toMatchObject({
      ready: status === 200,
      reason: 'issuer_metadata_unavailable',
    })
  })
})
