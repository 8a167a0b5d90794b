/** What a server answered to one JSON-RPC message. */
export interface McpAnswer {
  readonly status: number
  readonly headers: Headers
  /** The JSON-RPC answer, out of JSON or out of the one event of a stream; undefined for an empty body. */
  readonly body: {
    readonly result?: Record<string, unknown>
    readonly error?: { code: number; message: string }
  }
}

/** Which protocol revision a request speaks. */
export type Era = 'legacy' | 'modern'

/** The `_meta` that makes a request speak MCP 2026-07-28. */
export const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '0' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** Sends a body to an MCP endpoint as it is. */
export async function postMcp(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<McpAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await response.text()
  const json = text.startsWith('{') ? text : (/^data: (.+)$/m.exec(text)?.[1] ?? '{}')
  return { status: response.status, headers: response.headers, body: JSON.parse(json) }
}

/** Sends one request the way a client of that era does. */
export function sendRequest(
  url: string,
  method: string,
  params: Record<string, unknown> = {},
  { token, era = 'legacy' }: { token?: string; era?: Era } = {},
): Promise<McpAnswer> {
  const modern = era === 'modern'
  const name =
    typeof params.name === 'string' ? params.name : typeof params.uri === 'string' ? params.uri : undefined
  return postMcp(
    url,
    { jsonrpc: '2.0', id: 1, method, params: modern ? { ...params, _meta: modernMeta } : params },
    {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(modern && {
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...(name !== undefined && { 'mcp-name': name }),
      }),
    },
  )
}

/** Calls a tool. */
export function callTool(
  url: string,
  name: string,
  args: Record<string, unknown> = {},
  options: { token?: string; era?: Era } = {},
): Promise<McpAnswer> {
  return sendRequest(url, 'tools/call', { name, arguments: args }, options)
}

/**
 * The structured content of a tool's answer.
 * @throws Error with the answer when it has none
 */
export function contentOf({ status, body }: McpAnswer): Record<string, unknown> {
  const content = body.result?.structuredContent
  if (typeof content !== 'object' || content === null) {
    throw new Error(`No structured content: ${status} ${JSON.stringify(body)}`)
  }
  return { ...content }
}

/**
 * What a tool said was wrong, in its answer with `isError`.
 * @throws Error with the answer when nothing was
 */
export function toolErrorOf({ status, body }: McpAnswer): string {
  if (body.result?.isError !== true) throw new Error(`No tool error: ${status} ${JSON.stringify(body)}`)
  return (body.result.content as { text: string }[]).map(({ text }) => text).join('\n')
}

/** What a server answered to a legacy batch. */
export interface BatchAnswer {
  readonly status: number
  readonly headers: Headers
  /** The JSON-RPC answers, in the order in which they came; the one error when the batch was refused. */
  readonly answers: readonly {
    readonly id?: unknown
    readonly result?: Record<string, unknown>
    readonly error?: { code: number; message: string }
  }[]
}

/** Sends several messages as one legacy batch. */
export async function sendBatch(
  url: string,
  messages: readonly unknown[],
  headers: Readonly<Record<string, string>> = {},
): Promise<BatchAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(messages),
  })
  const text = await response.text()
  const events = [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data ?? '{}'))
  const answers = events.length > 0 || text === '' ? events : [JSON.parse(text)]
  return { status: response.status, headers: response.headers, answers: answers.flat() }
}
