import type { McpHttpHandler } from '@modelcontextprotocol/server'

/** Tools exist that do not say who may call them. */
export class UnguardedToolError extends Error {
  override readonly name = 'UnguardedToolError'
  constructor(tools: readonly string[]) {
    super(
      `Who may call ${tools.join(', ')}? Add ...publicAccess(), ...anyToken() or ...scopes('…') ` +
        'to the configuration of each registerTool.',
    )
  }
}

interface ListedTool {
  readonly name: string
  readonly _meta?: { readonly securitySchemes?: unknown }
}

/**
 * Asks the server itself which tools it has, and makes sure that each names its access.
 * @returns the names of the tools that a caller without a token may see
 * @throws UnguardedToolError
 */
export async function listTools(
  handler: Pick<McpHttpHandler, 'fetch'>,
  url: string,
): Promise<ReadonlySet<unknown>> {
  const tools: ListedTool[] = []
  let cursor: string | undefined
  do {
    const page = await list(handler, url, cursor)
    tools.push(...page.tools)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  const unguarded = tools.filter(({ _meta }) => !Array.isArray(_meta?.securitySchemes))
  if (unguarded.length > 0) throw new UnguardedToolError(unguarded.map(({ name }) => name))
  return new Set(tools.map(({ name }) => name))
}

async function list(
  handler: Pick<McpHttpHandler, 'fetch'>,
  url: string,
  cursor: string | undefined,
): Promise<{ tools: readonly ListedTool[]; nextCursor?: string }> {
  const method = 'tools/list'
  const version = '2026-07-28'
  const params = {
    ...(cursor !== undefined && { cursor }),
    _meta: {
      'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientInfo': { name: 'gatehouse', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  }
  const response = await handler.fetch(
    new Request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'mcp-protocol-version': version, 'mcp-method': method },
    }),
    { parsedBody: { jsonrpc: '2.0', id: 1, method, params } },
  )
  const answer = (await response.json()) as {
    result?: { tools: ListedTool[] }
    error?: { message: string; code: number }
  }
  if (answer.result) return answer.result
  if (answer.error?.code === -32601) return { tools: [] } // a server without tools
  throw new Error(`The server does not list its tools: ${answer.error?.message ?? response.status}`)
}
