import type { Message } from '../auth/json-rpc.ts'

/** W3C Trace Context §3.2: version, trace id, parent id, flags. */
const traceparent = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/

/** The trace that a message belongs to: from its `_meta` (MCP 2026-07-28), else from the HTTP header. */
export function traceIdOf(request: Request, message: Message | undefined): string | undefined {
  const meta = message?.params?._meta as Readonly<Record<string, unknown>> | null | undefined
  const value = meta?.traceparent ?? request.headers.get('traceparent')
  return typeof value === 'string' ? traceparent.exec(value)?.[1] : undefined
}
