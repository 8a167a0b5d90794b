import {
  AnswerTooLong,
  describeBytes,
  longestDocument,
  readWhole,
  requireLength,
} from '../runtime/bounded-fetch.ts'
import { ClientFailure, exitStatus } from './failure.ts'

/** The longest message of an MCP server, in bytes after decompression, unless the program says otherwise. */
export const defaultMaxResponseBytes = 16 * 2 ** 20

/** The longest page of a list, in bytes: the MCP SDK puts the pages together, which may be many. */
const longestPage = 4 * 2 ** 20

/** How many messages of the longest kind the stream that answers one request may have: progress comes before a result. */
const streamFactor = 4

/** How long an answer may pause, in milliseconds, counted by what comes out of decompression. */
const idleMs = 5 * 60_000

/** What was asked, and how much may be answered. */
export interface AnswerBounds {
  /** The longest message in an answer to `POST` and `GET`, in bytes after decompression. */
  readonly maxResponseBytes: number
  readonly method?: string | undefined
  /** The JSON-RPC message that was sent. */
  readonly body?: unknown
  /** The server, for messages. */
  readonly origin: string
}

/**
 * Bounds an answer of an MCP server. What is no success is read whole, at most 1 MiB. A message may have
 * `maxResponseBytes`, and a stream that answers a request four times as much in all; one that a client listens to may
 * go on for ever.
 * @throws ClientFailure, also from reading the answer's body, when it is longer
 */
export async function boundAnswer(response: Response, bounds: AnswerBounds): Promise<Response> {
  try {
    if (response.status !== 200) return await readWhole(response, longestDocument)
    const request = describeRequest(bounds.method, bounds.body)
    const maxResponseBytes = request.isList
      ? Math.min(bounds.maxResponseBytes, longestPage)
      : bounds.maxResponseBytes
    if (isEventStream(response))
      return boundEvents(response, { ...request, maxResponseBytes, origin: bounds.origin })
    await requireLength(response, maxResponseBytes)
    return bounded(response, (length, fail) => {
      if (length > maxResponseBytes) fail(tooLong(bounds.origin, new AnswerTooLong(maxResponseBytes)))
    })
  } catch (error) {
    throw error instanceof AnswerTooLong ? tooLong(bounds.origin, error) : error
  }
}

/** Says that an answer was longer than it may be. */
export function tooLong(origin: string, cause: AnswerTooLong): ClientFailure {
  return new ClientFailure(
    `The answer of ${origin} is too long: more than ${describeBytes(cause.maxBytes)}.`,
    {
      status: exitStatus.failed,
      hint: 'The rest was not read. Ask for less at a time.',
      cause,
    },
  )
}

function isEventStream({ headers }: Response): boolean {
  return /^text\/event-stream\b/i.test(headers.get('content-type') ?? '')
}

type Check = (length: number, fail: (reason: ClientFailure) => void, chunk: Uint8Array) => void

/** Passes a body on for as long as `check`, which is told the length so far, does not fail it. */
function bounded(
  response: Response,
  check: Check,
  onFailure: (
    controller: TransformStreamDefaultController<Uint8Array<ArrayBuffer>>,
    reason: ClientFailure,
  ) => void = (controller, reason) => controller.error(reason),
): Response {
  if (!response.body) return response
  let length = 0
  let timer: NodeJS.Timeout | undefined
  const wait = (controller: TransformStreamDefaultController) => {
    clearTimeout(timer)
    timer = setTimeout(() => controller.error(new Error(`nothing came for ${idleMs} ms`)), idleMs).unref()
  }
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      start: wait,
      transform(chunk, controller) {
        wait(controller)
        length += chunk.byteLength
        let failed = false
        check(
          length,
          (reason) => {
            failed = true
            clearTimeout(timer)
            onFailure(controller, reason)
          },
          chunk,
        )
        if (!failed) controller.enqueue(chunk)
      },
      flush: () => clearTimeout(timer),
    }),
  )
  return new Response(body, response)
}

/**
 * A stream that breaks off leaves the MCP SDK waiting, or has it ask for the rest of the stream. One that says in an
 * answer of its own what was wrong ends the request.
 */
function boundEvents(
  response: Response,
  { id, isListening, maxResponseBytes, origin }: RequestDescription & Omit<AnswerBounds, 'method' | 'body'>,
): Response {
  const most = isListening ? Number.POSITIVE_INFINITY : streamFactor * maxResponseBytes
  const eventLength = createEventMeter()
  return bounded(
    response,
    (length, fail, chunk) => {
      if (eventLength(chunk) > maxResponseBytes) fail(tooLong(origin, new AnswerTooLong(maxResponseBytes)))
      else if (length > most) fail(tooLong(origin, new AnswerTooLong(most)))
    },
    (controller, reason) => {
      if (id === undefined) return controller.error(reason)
      const answer = { jsonrpc: '2.0', id, error: { code: -32603, message: reason.message } }
      controller.enqueue(new TextEncoder().encode(`\n\ndata: ${JSON.stringify(answer)}\n\n`))
      controller.terminate()
    },
  )
}

type RequestDescription = ReturnType<typeof describeRequest>

function describeRequest(method: string | undefined, body: unknown) {
  const message = method === 'POST' ? parseObject(body) : {}
  return {
    id: message.id,
    isList: String(message.method).endsWith('/list'),
    isListening: method === undefined || method === 'GET' || message.method === 'subscriptions/listen',
  }
}

function parseObject(text: unknown): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(String(text)))
  } catch {
    return {}
  }
}

const [lineFeed, carriageReturn] = [0x0a, 0x0d]

/** Measures events of a stream (HTML Standard §9.2): the longest in what came, in bytes. An empty line ends one. */
function createEventMeter(): (chunk: Uint8Array) => number {
  let length = 0
  let lineLength = 0
  let last = 0
  return (chunk) => {
    let longest = 0
    for (const byte of chunk) {
      length += 1
      const isEnd = byte === carriageReturn || (byte === lineFeed && last !== carriageReturn)
      if (isEnd && lineLength === 0) length = 0
      if (isEnd) lineLength = 0
      else if (byte !== lineFeed) lineLength += 1
      if (length > longest) longest = length
      last = byte
    }
    return longest
  }
}
