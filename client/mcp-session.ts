import { Client, type PriorDiscovery, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Authorization } from './auth-provider.ts'
import { withDpopProofs } from './dpop-proofs.ts'
import { withFreshToken } from './fresh-token.ts'
import { schemaValidator } from './schema-validator.ts'
import { type Fetch, withPurpose } from './secure-fetch.ts'
import { withStepUp } from './step-up.ts'

/** Requests wait for a person who signs in meanwhile: longer than the sign-in's own limit, in milliseconds. */
export const requestTimeoutMs = 6 * 60_000

/** More pages than any list of tools has. */
const maxListPages = 16

/**
 * The `fetch` to give to the MCP SDK's transport, beside the authorization: it proves possession of the key
 * that tokens are bound to, and signs in again when a tool needs more scopes.
 */
export function createSessionFetch(fetch: Fetch, authorization: Authorization): Fetch {
  const present = withDpopProofs(withPurpose(fetch, 'mcp'), authorization.tokens)
  return withStepUp(withFreshToken(present, authorization), authorization)
}

/**
 * Connects to an MCP server over Streamable HTTP, in the newest revision that it speaks.
 * Signs in when the server demands it, and again when a tool needs more scopes.
 * @param sessionFetch what `createSessionFetch` made
 * @param client connected and returned; whoever asked for it closes it
 * @param prior what is known of the server from before: it is not asked again
 */
export async function connect(
  resource: string,
  authorization: Authorization,
  sessionFetch: Fetch,
  client: Client = createMcpClient(),
  prior?: PriorDiscovery,
): Promise<Client> {
  const transport = new StreamableHTTPClientTransport(new URL(resource), {
    authProvider: authorization,
    fetch: sessionFetch,
    onInsufficientScope: 'throw',
  })
  await client.connect(transport, { timeout: requestTimeoutMs, ...(prior && { prior }) })
  return client
}

function createMcpClient(): Client {
  return new Client(
    { name: 'gatehouse-client', version: '0.1.0' },
    {
      versionNegotiation: { mode: 'auto' },
      jsonSchemaValidator: schemaValidator,
      listMaxPages: maxListPages,
    },
  )
}
