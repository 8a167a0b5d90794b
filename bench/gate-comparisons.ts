import type { IssuerStandIn } from '../tests/support/issuer-stand-in.ts'
import type { Comparison, Scenario } from './support/compare.ts'
import { connections } from './support/load.ts'
import { startMcpServer } from './support/mcp-server.ts'
import { type Program, startProgram } from './support/program.ts'
import type { SignedIn } from './support/provider.ts'
import { assertServes, listToolsRequest, type RequestOptions, readDataRequest } from './support/requests.ts'

/**
 * The gate with a warm cache against the bare handler, which is what every deployment has. The issuer is this project's
 * provider.
 */
export async function warmCacheComparison({ issuer, resource, token }: SignedIn): Promise<Comparison> {
  const env = { ISSUER: issuer, RESOURCE: resource }
  const { host } = new URL(resource)
  const gate = await startMcpServer(issuer, env)
  const bare = await startProgram('bench/servers/bare.ts', env)
  return {
    scenario: await readData('gate, introspection cached', gate, { host, token }),
    against: await readData('bare SDK handler', bare, { host }),
    target: 1,
  }
}

/** Everything that the gate is compared with. Starts the servers. */
export async function gateComparisons(
  signedIn: SignedIn,
  jwtIssuer: IssuerStandIn,
): Promise<readonly Comparison[]> {
  const { issuer, resource, token } = signedIn
  const { host } = new URL(resource)
  const cached = await warmCacheComparison(signedIn)
  const { scenario: gate, against: bare } = cached
  const jwt = { TOKEN_VALIDATION: 'jwt', RESOURCE: resource }
  const jwtCached = await startMcpServer(jwtIssuer.issuer, jwt)
  const jwtUncached = await startMcpServer(jwtIssuer.issuer, { ...jwt, INTROSPECTION_CACHE_SECONDS: '0' })
  const sdk = await startProgram('bench/servers/sdk-bearer.ts', { ISSUER: issuer, RESOURCE: resource })
  const sign = (alg: string) => jwtIssuer.sign({ aud: resource }, { alg })

  const verifying = await startProgram('bench/servers/jose-verify.ts', {
    ISSUER: jwtIssuer.issuer,
    RESOURCE: resource,
  })
  const verified: Comparison[] = []
  for (const alg of ['ES256', 'RS256', 'EdDSA']) {
    const tokens = await Promise.all(Array.from({ length: connections }, () => sign(alg)))
    const [first = ''] = tokens
    const options = { host, token: first, tokens }
    const scenario = await readData(`gate, JWT verified each time, ${alg}`, jwtUncached, options)
    const against = await readData(`bare SDK handler after jose's verification, ${alg}`, verifying, options)
    verified.push({ scenario, against: bare, target: 0.85 }, { scenario, against, target: 1 })
  }
  return [
    cached,
    {
      scenario: await readData('gate, JWT cached, ES256', jwtCached, { host, token: await sign('ES256') }),
      against: bare,
      target: 1,
    },
    ...verified,
    {
      scenario: await readData('gate, legacy era', gate.server, { host, era: 'legacy', token }),
      against: await readData('bare SDK handler, legacy era', bare.server, { host, era: 'legacy' }),
      target: 0.9,
    },
    {
      scenario: { name: 'gate, tools/list', server: gate.server, request: listToolsRequest({ host, token }) },
      against: {
        name: 'bare SDK handler, tools/list',
        server: bare.server,
        request: listToolsRequest({ host }),
      },
      target: 0.95,
    },
    {
      scenario: gate,
      against: await readData("SDK's requireBearerAuth, introspecting each time", sdk, { host, token }),
      target: 3,
    },
  ]
}

/** Stops the servers of comparisons. */
export async function stopServers(comparisons: readonly Comparison[]): Promise<void> {
  const servers = new Set(comparisons.flatMap(({ scenario, against }) => [scenario.server, against.server]))
  await Promise.all([...servers].map((server) => server.stop()))
}

async function readData(name: string, server: Program, options: RequestOptions = {}): Promise<Scenario> {
  await assertServes(`http://127.0.0.1:${server.port}/mcp`, options)
  return { name, server, request: readDataRequest(options) }
}
