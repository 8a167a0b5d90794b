import { modernMeta } from './mcp-request.ts'

/** A stream of notifications that a server holds open. */
export interface OpenStream {
  readonly status: number
  readonly headers: Headers
  /** The messages that have come, in order. Resolves with the next one, or with undefined at the end. */
  next(): Promise<Record<string, unknown> | undefined>
  /** Resolves when the server ends the stream. */
  readonly ended: Promise<void>
  /** Goes away, as a client does. */
  close(): void
}

/** Opens a stream with `subscriptions/listen` (MCP 2026-07-28). Also resolves when it is refused. */
export async function openStream(
  url: string,
  notifications: Readonly<Record<string, unknown>>,
  { token, headers = {} }: { token?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<OpenStream> {
  const controller = new AbortController()
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'subscriptions/listen',
      params: { notifications, _meta: modernMeta },
    }),
    signal: controller.signal,
  })
  const arrived: Record<string, unknown>[] = []
  let wake = Promise.withResolvers<void>()
  let over = false

  async function read(): Promise<void> {
    let text = ''
    const decoder = new TextDecoder()
    try {
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk, { stream: true })
        const events = text.split('\n\n')
        text = events.pop() ?? ''
        for (const event of events) {
          const data = /^data: (.+)$/m.exec(event)?.[1]
          if (data !== undefined) arrived.push(JSON.parse(data))
        }
        wake.resolve()
      }
    } catch {
      // Closed from here, or cut off by the server: over either way.
    }
    over = true
    wake.resolve()
  }

  return {
    status: response.status,
    headers: response.headers,
    async next() {
      while (arrived.length === 0 && !over) {
        wake = Promise.withResolvers()
        await wake.promise
      }
      return arrived.shift()
    },
    ended: read(),
    close: () => controller.abort(),
  }
}
