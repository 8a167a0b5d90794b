import { callTool, contentOf, type Era, modernMeta, sendRequest } from '../../tests/support/mcp-request.ts'

/** One HTTP request, as the load generator repeats it. */
export interface LoadRequest {
  /** Default `/mcp`. */
  readonly path?: string
  readonly body: string
  /** When given, each connection sends a body of its own. */
  readonly bodies?: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  /** When given, each connection sends a token of its own: no two callers share a validation. */
  readonly tokens?: readonly string[]
  /** When given, what every answer contains. */
  readonly answers?: string
}

/** What a client of that era sends to list the tools, or to read a document. */
export interface RequestOptions {
  readonly era?: Era
  /** Absent: no Authorization header. */
  readonly token?: string
  /** One for each connection. */
  readonly tokens?: readonly string[]
  /** The Host header. Default: the address that is connected to. */
  readonly host?: string
}

/** `tools/call` of read_data, which needs the scope read. */
export function readDataRequest(options: RequestOptions = {}): LoadRequest {
  return mcpRequest('tools/call', { name: 'read_data', arguments: { resource_id: 'doc1' } }, options)
}

/** `tools/list`. */
export function listToolsRequest(options: RequestOptions = {}): LoadRequest {
  return mcpRequest('tools/list', {}, options)
}

function mcpRequest(
  method: string,
  params: Readonly<Record<string, unknown>>,
  { era = 'modern', token, tokens, host }: RequestOptions,
): LoadRequest {
  const modern = era === 'modern'
  return {
    ...(tokens && { tokens }),
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method,
      params: modern ? { ...params, _meta: modernMeta } : params,
    }),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(host !== undefined && { host }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(modern && {
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...(typeof params.name === 'string' && { 'mcp-name': params.name }),
      }),
    },
  }
}

/**
 * Makes sure that a server does the work that is about to be measured: errors are quick, too.
 * @throws Error with its answer when it does not
 */
export async function assertServes(url: string, options: RequestOptions): Promise<void> {
  const document = contentOf(await callTool(url, 'read_data', { resource_id: 'doc1' }, options))
  const list = await sendRequest(url, 'tools/list', {}, options)
  if (typeof document.content !== 'string' || !Array.isArray(list.body.result?.tools)) {
    throw new Error(`${url} does not serve the documents: ${JSON.stringify([document, list.body])}`)
  }
}
