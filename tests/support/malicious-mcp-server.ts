import {
  type createStandIns,
  protectedResourceMetadata,
  type Routes,
  type StandIn,
  type StandInAnswer,
  type StandInRequest,
} from './stand-in.ts'

/** How an MCP server treats a client. Without any of it, it is an honest one that wants a token. */
export interface McpServerSpite {
  /** The authorization servers that it names, asked each time. */
  readonly issuers: () => readonly string[]
  /** Put over its metadata. */
  readonly metadata?: (origin: string) => Record<string, unknown>
  /** Answers a message that came with a token; undefined: the honest answer. */
  readonly answer?: (request: StandInRequest, message: JsonRpcRequest) => StandInAnswer | undefined
  /** The parameters of its challenge, beside where its metadata is. */
  readonly challenge?: string
  /** A tool of its own making. */
  readonly tool?: Record<string, unknown>
  readonly more?: Routes
}

/** A message that asks for an answer. */
export interface JsonRpcRequest {
  readonly id: unknown
  readonly method: string
}

const metadataPath = '/.well-known/oauth-protected-resource/mcp'

/** An MCP server (2026-07-28) with one tool, which wants a token for everything, and does as it is told. */
export async function startMaliciousMcpServer(
  standIns: ReturnType<typeof createStandIns>,
  {
    issuers,
    metadata = () => ({}),
    answer = () => undefined,
    challenge = '',
    tool = {},
    more,
  }: McpServerSpite,
): Promise<StandIn & { readonly resource: string }> {
  const server = await standIns.start((origin) => ({
    [metadataPath]: () => ({
      body: {
        ...protectedResourceMetadata(`${origin}/mcp`, ''),
        authorization_servers: issuers(),
        ...metadata(origin),
      },
    }),
    '/mcp': (request) => {
      if (request.headers.authorization === undefined) {
        const parameters = [`resource_metadata="${origin}${metadataPath}"`, challenge].filter(Boolean)
        return { status: 401, headers: { 'www-authenticate': `Bearer ${parameters.join(', ')}` } }
      }
      const message: JsonRpcRequest = JSON.parse(request.body || '{}')
      return (
        answer(request, message) ?? {
          body: { jsonrpc: '2.0', id: message.id, result: result(message, tool) },
        }
      )
    },
    ...more,
  }))
  return { ...server, resource: `${server.origin}/mcp` }
}

function result({ method }: JsonRpcRequest, tool: Record<string, unknown>): Record<string, unknown> {
  const common = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
  switch (method) {
    case 'server/discover':
      return {
        ...common,
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        serverInfo: { name: 'malicious', version: '1' },
      }
    case 'tools/list':
      return { ...common, tools: [{ name: 'a_tool', inputSchema: { type: 'object' }, ...tool }] }
    default:
      return { ...common, content: [{ type: 'text', text: 'done' }] }
  }
}
