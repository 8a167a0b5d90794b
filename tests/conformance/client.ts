import { Client, ProtocolError, SdkErrorCode, type Tool } from '@modelcontextprotocol/client'
import { importPKCS8 } from 'jose'
import { authorizationCode } from '../../client/grants/authorization-code.ts'
import { clientCredentials } from '../../client/grants/client-credentials.ts'
import { enterpriseManaged } from '../../client/grants/enterprise-managed.ts'
import type { Grant } from '../../client/grants/grant.ts'
import { jwtBearer } from '../../client/grants/jwt-bearer.ts'
import { createOAuthClient } from '../../client/oauth-client.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import { withRefereeDefects } from './referee-defects.ts'

// The client under test: ours, with a browser that follows redirects, and settings as the referee hands them out.
const resource = process.argv.at(-1) ?? ''
const settings: Record<string, string> & { toolCalls?: { name: string; arguments: object }[] } = JSON.parse(
  process.env.MCP_CONFORMANCE_CONTEXT ?? '{}',
)
const { client_id: id, client_secret: secret, private_key_pem: key, valid_jwt: workloadToken } = settings

function chooseGrant(): Grant {
  if (workloadToken) return jwtBearer({ assertion: async () => workloadToken })
  if (settings.idp_id_token) {
    return enterpriseManaged({
      idpIssuer: settings.idp_issuer ?? '',
      idpClient: { clientId: settings.idp_client_id ?? '' },
      idToken: async () => settings.idp_id_token ?? '',
    })
  }
  if (settings.name?.startsWith('auth/client-credentials')) return clientCredentials()
  return authorizationCode({ visit: async (url) => void (await fetch(url)) })
}

const client = createOAuthClient({
  resource,
  grant: chooseGrant(),
  store: createMemoryTokenStore(),
  fetch: withRefereeDefects(createSecureFetch(resource)),
  clientMetadataUrl: 'https://conformance-test.local/client-metadata.json',
  ...(id && {
    client: {
      id,
      ...(secret && { secret }),
      ...(key && { privateKey: await importPKCS8(key, settings.signing_algorithm ?? 'ES256') }),
    },
  }),
})
const mcp = new Client(
  { name: 'gatehouse-conformance', version: '0.1.0' },
  { versionNegotiation: { mode: 'auto' }, capabilities: { elicitation: { form: { applyDefaults: true } } } },
)
mcp.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: {} }))
await client.connect(mcp)
const { tools } = await mcp.listTools()

/** Something for everything that a tool takes: numbers, and the first tool's schema where one is asked for. */
function argumentsFor({ inputSchema: { properties = {} } }: Tool): Record<string, unknown> {
  const numbers = Object.entries(properties).flatMap(([name, schema]) =>
    schema instanceof Object && 'type' in schema && schema.type === 'number' ? [[name, 1] as const] : [],
  )
  const schemas = Object.hasOwn(properties, 'schema') ? { schema: tools[0]?.inputSchema } : {}
  return { ...Object.fromEntries(numbers), ...schemas }
}

const calls = settings.toolCalls ?? tools.map((tool) => ({ name: tool.name, arguments: argumentsFor(tool) }))
for (const call of calls) {
  await mcp.callTool({ ...call, arguments: { ...call.arguments } }).catch((error) => {
    // One tool's answer may be an error, or no valid result: the client goes on to the next.
    if (!(error instanceof ProtocolError) && error?.code !== SdkErrorCode.InvalidResult) throw error
  })
}
await mcp.close()
