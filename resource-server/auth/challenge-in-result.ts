import type { Challenge } from './challenge.ts'
import { answerId, type Message } from './json-rpc.ts'

/**
 * The same challenge for hosts that read tool results only: an error result with WWW-Authenticate in
 * `_meta["mcp/www_authenticate"]`, over HTTP 200.
 * @returns undefined when this is no call of a tool, or when a token would change nothing: then HTTP says it
 */
export function asToolResult(challenge: Challenge, message: Message): Response | undefined {
  if (message.method !== 'tools/call' || challenge.wwwAuthenticate === undefined) return undefined
  return Response.json(
    {
      jsonrpc: '2.0',
      id: answerId([message]),
      result: {
        content: [{ type: 'text', text: challenge.message }],
        isError: true,
        _meta: { 'mcp/www_authenticate': [challenge.wwwAuthenticate] },
      },
    },
    { headers: { 'cache-control': 'no-store', ...challenge.headers } },
  )
}
