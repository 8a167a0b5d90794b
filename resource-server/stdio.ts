import type { Readable, Writable } from 'node:stream'
import { errorBody } from './auth/json-rpc.ts'
import { callerBody } from './auth/receive-body.ts'
import { boundedLines } from './bounded-lines.ts'
import type { ProtectedMcp } from './protect.ts'

/** Options of {@link serveStdio}. */
export interface StdioOptions {
  /** The access token of whoever started this process; absent for an anonymous caller. */
  readonly accessToken?: string
  /** Where messages come from, one JSON value a line. */
  readonly input: Readable
  /** Where messages go. Nothing else may write to it. */
  readonly output: Writable
}

/**
 * Serves MCP over stdio (MCP 2026-07-28 transports; the credential comes from the environment, as the authorization
 * specification says). Every message goes through the same gate as over HTTP, with the same token each time: a token
 * that expires or is revoked stops working here too.
 * @returns when the input ends and everything is answered
 */
export async function serveStdio(mcp: ProtectedMcp, options: StdioOptions): Promise<void> {
  const { accessToken, input, output } = options
  const running = new Map<unknown, AbortController>()
  const answers = new Set<Promise<void>>()
  const write = (json: string) => output.write(`${json}\n`)

  async function serve(line: string): Promise<void> {
    const message = parse(line)
    if (message?.method === 'notifications/cancelled') running.get(message.params?.requestId)?.abort()
    const abort = new AbortController()
    if (message?.id !== undefined) running.set(message.id, abort)
    try {
      const response = await mcp.handle({
        request: new Request(mcp.resource, {
          method: 'POST',
          headers: headersFor(message),
          signal: abort.signal,
        }),
        body: Buffer.from(line),
        address: 'stdio',
      })
      for await (const json of messagesOf(response)) write(json)
    } catch {
      if (!abort.signal.aborted) write(errorBody(-32603, 'Internal error'))
    } finally {
      if (message?.id !== undefined) running.delete(message.id)
    }
  }

  function headersFor(message: Envelope | undefined): Record<string, string> {
    const version = message?.params?._meta?.['io.modelcontextprotocol/protocolVersion']
    const { name, uri } = message?.params ?? {}
    return {
      host: new URL(mcp.resource).host,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
      // Over HTTP a 2026-07-28 client repeats these from the body; here there is nowhere else to take them from.
      ...(version !== undefined && {
        'mcp-protocol-version': String(version),
        'mcp-method': String(message?.method),
      }),
      ...(version !== undefined &&
        (name ?? uri) !== undefined && { 'mcp-name': headerValue(String(name ?? uri)) }),
    }
  }

  for await (const bytes of boundedLines(input, callerBody.maxBytes)) {
    if (bytes === undefined) {
      write(errorBody(-32600, `A message has at most ${callerBody.maxBytes} bytes.`))
      continue
    }
    const line = bytes.toString().trim()
    if (line === '') continue
    const answer = serve(line).finally(() => answers.delete(answer))
    answers.add(answer)
  }
  for (const abort of running.values()) abort.abort() // whoever asked is gone
  await Promise.all(answers)
}

interface Envelope {
  readonly method?: unknown
  readonly id?: unknown
  readonly params?: {
    readonly requestId?: unknown
    readonly name?: unknown
    readonly uri?: unknown
    readonly _meta?: Readonly<Record<string, unknown>>
  }
}

/** Only for headers and cancellation: what is judged and run, the gate parses itself. */
function parse(line: string): Envelope | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Envelope) : undefined
  } catch {
    return undefined
  }
}

/** The header form of a name that is not plain ASCII (MCP 2026-07-28, SEP-2243). */
function headerValue(name: string): string {
  return /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(name)
    ? name
    : `=?base64?${Buffer.from(name).toString('base64')}?=`
}

/** The JSON-RPC messages of an answer: its body, or the data of its events. */
async function* messagesOf(response: Response): AsyncGenerator<string> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const text = await response.text()
    if (text !== '') yield text
    return
  }
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk, { stream: true })
    const events = rest.split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const data = event.split('\n').filter((line) => line.startsWith('data: '))
      if (data.length > 0) yield data.map((line) => line.slice('data: '.length)).join('')
    }
  }
}
