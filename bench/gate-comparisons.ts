import type { IssuerStandIn } from '../tests/support/issuer-stand-in.ts'
import type { Comparison, Scenario } from './support/compare.ts'
import { connections } from './support/load.ts'
import { resourceOf, startMcpServer } from './support/mcp-server.ts'
import { type Program, startProgram } from './support/program.ts'
import { assertServes, listToolsRequest, type RequestOptions, readDataRequest } from './support/requests.ts'

/**
 * The gate with a warm cache against the bare handler, which is what every deployment has.
 * @returns also the server behind the gate
 */
export async function warmCacheComparison(
  issuer: IssuerStandIn,
): Promise<Comparison & { readonly scenario: Scenario }> {
  const bare = await startProgram('bench/servers/bare.ts', { ISSUER: issuer.issuer })
  const gate = await startMcpServer(issuer.issuer)
  return {
    scenario: await readData('gate, introspection cached', gate, {
      token: issuer.issue(resourceOf(gate)),
    }),
    against: await readData('bare SDK handler', bare),
    target: 1,
  }
}

/** Everything that the gate is compared with. Starts the servers. */
export async function gateComparisons(issuer: IssuerStandIn): Promise<readonly Comparison[]> {
  const cached = await warmCacheComparison(issuer)
  const { scenario: gate, against: bare } = cached
  const jwt = { TOKEN_VALIDATION: 'jwt' }
  const jwtCached = await startMcpServer(issuer.issuer, jwt)
  const jwtUncached = await startMcpServer(issuer.issuer, { ...jwt, INTROSPECTION_CACHE_SECONDS: '0' })
  const sdk = await startProgram('bench/servers/sdk-bearer.ts', { ISSUER: issuer.issuer })
  const sign = (server: Program, alg: string) => issuer.sign({ aud: resourceOf(server) }, { alg })

  const signed: Comparison[] = []
  for (const alg of ['ES256', 'RS256', 'EdDSA']) {
    const tokens = await Promise.all(Array.from({ length: connections }, () => sign(jwtUncached, alg)))
    const [token = ''] = tokens
    const scenario = await readData(`gate, JWT verified each time, ${alg}`, jwtUncached, { token, tokens })
    signed.push({ scenario, against: bare, target: 0.85 })
  }
  const token = issuer.issue(resourceOf(gate.server))
  const jwtToken = await sign(jwtCached, 'ES256')
  return [
    cached,
    {
      scenario: await readData('gate, JWT cached, ES256', jwtCached, { token: jwtToken }),
      against: bare,
      target: 1,
    },
    ...signed,
    {
      scenario: await readData('gate, legacy era', gate.server, { era: 'legacy', token }),
      against: await readData('bare SDK handler, legacy era', bare.server, { era: 'legacy' }),
      target: 0.9,
    },
    {
      scenario: {
        name: 'gate, tools/list',
        server: gate.server,
        request: listToolsRequest({ token }),
      },
      against: { name: 'bare SDK handler, tools/list', server: bare.server, request: listToolsRequest() },
      target: 0.95,
    },
    {
      scenario: gate,
      against: await readData("SDK's requireBearerAuth, introspecting each time", sdk, {
        token: issuer.issue(resourceOf(sdk)),
      }),
      target: 3,
    },
  ]
}

/** The scenarios of comparisons, each once, each after what it is compared with. */
export function scenariosOf(comparisons: readonly Comparison[]): readonly Scenario[] {
  return [...new Set(comparisons.flatMap(({ scenario, against }) => [against, scenario]))]
}

async function readData(name: string, server: Program, options: RequestOptions = {}): Promise<Scenario> {
  await assertServes(`http://127.0.0.1:${server.port}/mcp`, options)
  return { name, server, request: readDataRequest(options) }
}
