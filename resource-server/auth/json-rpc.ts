/** A JSON-RPC 2.0 message that has a method: a request, or, without `id`, a notification. */
export interface Message {
  readonly jsonrpc: '2.0'
  readonly method?: unknown
  readonly id?: unknown
  readonly params?: Readonly<Record<string, unknown>>
}

/** The parsed body of a request: what is judged here is what the SDK will run. */
export interface ParsedBody {
  /** The JSON value itself, for the SDK. */
  readonly value: unknown
  /** Its messages: one, or those of a batch. */
  readonly messages: readonly Message[]
}

/** The body is not JSON-RPC. Carries the error object to answer with (JSON-RPC 2.0 §5.1). */
export class JsonRpcError extends Error {
  override readonly name = 'JsonRpcError'
  readonly code: number
  readonly status: number

  constructor(status: number, code: number, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** The most messages in one body: as many as the SDK takes. */
const maxBatch = 100

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Parses a body once, strictly: invalid UTF-8 is refused, not repaired.
 * @throws JsonRpcError with -32700 for what is not JSON, with -32600 for what is not JSON-RPC 2.0
 */
export function parseBody(bytes: Uint8Array): ParsedBody {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch {
    throw new JsonRpcError(400, -32700, 'Parse error: the body is not JSON in UTF-8.')
  }
  const messages = Array.isArray(value) ? value : [value]
  if (messages.length === 0 || !messages.slice(0, maxBatch).every(isMessage)) {
    throw new JsonRpcError(400, -32600, 'Invalid request: the body is not a JSON-RPC 2.0 message or batch.')
  }
  if (messages.length > maxBatch) {
    throw new JsonRpcError(400, -32600, `Invalid request: a batch has at most ${maxBatch} messages.`)
  }
  return { value, messages }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && (value as Message).jsonrpc === '2.0'
}

/** The id to answer with: that of a single request, else null (JSON-RPC 2.0 §5). */
export function answerId(messages: readonly Message[]): string | number | null {
  const id = messages.length === 1 ? messages[0]?.id : null
  return typeof id === 'string' || typeof id === 'number' ? id : null
}

/** An error answer that the JSON-RPC client can match to its request. */
export function errorBody(
  code: number,
  message: string,
  { id = null, data }: { id?: string | number | null; data?: unknown } = {},
): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, ...(data !== undefined && { data }) } })
}
