import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Authorization } from './auth-provider.ts'
import type { Fetch } from './secure-fetch.ts'
import { withStepUp } from './step-up.ts'

/** Requests wait for a person who signs in meanwhile: longer than the sign-in's own limit, in milliseconds. */
export const requestTimeoutMs = 6 * 60_000

/**
 * Connects to an MCP server over Streamable HTTP, in the newest revision that it speaks.
 * Signs in when the server demands it, and again when a tool needs more scopes.
 * @returns the connected client; whoever asked for it closes it
 */
export async function connect(resource: string, authorization: Authorization, fetch: Fetch): Promise<Client> {
  const client = new Client(
    { name: 'gatehouse-client', version: '0.1.0' },
    { versionNegotiation: { mode: 'auto' } },
  )
  const transport = new StreamableHTTPClientTransport(new URL(resource), {
    authProvider: authorization,
    fetch: withStepUp(fetch, authorization),
    onInsufficientScope: 'throw',
  })
  await client.connect(transport, { timeout: requestTimeoutMs })
  return client
}
