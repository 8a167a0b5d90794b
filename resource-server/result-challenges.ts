import type { GateOptions } from './auth/gate.ts'

const clientInfo = 'io.modelcontextprotocol/clientInfo'

/**
 * Recognises the clients that read challenges in tool results only: by the name in their requests
 * (MCP 2026-07-28 `_meta`), or, before that, by how their User-Agent begins.
 * @param names of such clients
 */
export function challengedInResult(names: readonly string[]): NonNullable<GateOptions['challengeInResult']> {
  if (names.length === 0) return () => false
  return ({ request, message }) => {
    const meta = message.params?._meta as Readonly<Record<string, { name?: unknown } | undefined>> | undefined
    const userAgent = request.headers.get('user-agent') ?? ''
    return names.some((name) => meta?.[clientInfo]?.name === name || userAgent.startsWith(name))
  }
}
