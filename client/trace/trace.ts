import type { Fetch, FetchInit } from '../secure-fetch.ts'
import { describeOutcome, describeRequest, type HopDescription } from './describe-hop.ts'
import type { Hop, Message } from './hop.ts'
import { createRedaction } from './redaction.ts'

/** The most of a body that is kept, in characters. */
const maxBody = 16_000

/** How long a stream is read for the trace after its head has come, in milliseconds. */
const streamMs = 2000

/** Sees every hop of a client, keeps it without its secrets, and disturbs nothing. */
export interface Trace {
  /** A `fetch` that is watched. */
  watch(fetch: Fetch): Fetch
  /** The browser was sent to the authorization server. */
  visited(url: URL): void
  /** The browser came back. */
  calledBack(url: URL): void
  /** All hops so far, in their order, when their answers have been read. */
  hops(): Promise<readonly Hop[]>
}

/**
 * Starts a trace.
 * @param onHop told of each hop as its answer is there
 * @param now milliseconds
 */
export function createTrace(
  onHop: (hop: Hop) => void = () => {},
  now: () => number = () => performance.now(),
): Trace {
  const redaction = createRedaction()
  const hops: Promise<Hop>[] = []

  function keep(hop: Promise<Hop>): void {
    hops.push(hop.then(scrubbed))
    hops.at(-1)?.then(onHop, () => {})
  }

  /** A server may repeat a secret where nobody expects it, even before it is met where it belongs. */
  function scrubbed(hop: Hop): Hop {
    const scrub = (message: Message): Message => ({
      line: redaction.scrub(message.line),
      headers: message.headers.map(([name, value]) => [name, redaction.scrub(value)] as const),
      ...(message.body !== undefined && { body: redaction.scrub(message.body) }),
    })
    return { ...hop, request: scrub(hop.request), ...(hop.response && { response: scrub(hop.response) }) }
  }

  function requestOf(url: string, init: FetchInit, body: string, ofOAuth: boolean): Message {
    const headers = [...new Headers(init.headers)]
    const isForm = new Headers(init.headers).get('content-type')?.includes('x-www-form-urlencoded')
    return {
      line: `${init.method ?? 'GET'} ${redaction.url(url)}`,
      headers: headers.map(([name, value]) => [name, redaction.header(name, value)] as const),
      ...(body !== '' && { body: cut(isForm ? redaction.form(body) : redaction.body(body, ofOAuth)) }),
    }
  }

  async function responseOf(response: Response, ofOAuth: boolean): Promise<Message> {
    const body = await readBody(response)
    return {
      line: `${response.status} ${response.statusText}`.trim(),
      headers: [...response.headers].map(([name, value]) => [name, redaction.header(name, value)] as const),
      ...(body !== '' && { body: cut(redaction.body(body, ofOAuth)) }),
    }
  }

  function frontChannel(hop: Omit<Hop, 'number' | 'ok'> & { readonly ok?: boolean }): void {
    keep(Promise.resolve({ ok: true, ...hop, number: hops.length + 1 }))
  }

  return {
    watch(fetch) {
      async function watched(url: string | URL, init: FetchInit = {}): Promise<Response> {
        const purpose = init.purpose ?? 'mcp'
        const body = bodyText(init.body)
        const description: HopDescription = describeRequest(purpose, body)
        const begun = { number: hops.length + 1, from: 'client', ...description } as const
        const request = requestOf(String(url), init, body, purpose !== 'mcp')
        const started = now()
        const sent = Promise.withResolvers<Hop>()
        keep(sent.promise)
        try {
          const response = await fetch(url, init)
          const durationMs = now() - started
          const copy = response.clone()
          void responseOf(copy, purpose !== 'mcp').then((message) =>
            sent.resolve({
              ...begun,
              request,
              response: message,
              outcome: describeOutcome(response.status, response.statusText, purpose),
              ok: response.ok,
              durationMs,
            }),
          )
          return response
        } catch (error) {
          const outcome = error instanceof Error ? error.message : String(error)
          sent.resolve({ ...begun, request, outcome, ok: false, durationMs: now() - started })
          throw error
        }
      }
      return Object.assign(watched, { judge: fetch.judge })
    },
    visited(url) {
      frontChannel({
        from: 'browser',
        to: 'authorization server',
        title: 'Authorization request',
        standard: 'RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2.1',
        purpose: 'have the user sign in and decide what this client may do',
        request: { line: `GET ${redaction.url(url.href)}`, headers: [] },
        outcome: 'the browser has it',
      })
    },
    calledBack(url) {
      const error = url.searchParams.get('error')
      frontChannel({
        from: 'browser',
        to: 'client',
        title: 'Authorization response',
        standard: 'RFC 6749 §4.1.2, RFC 9207, RFC 8252 §7.3',
        purpose: 'bring the code back to the client that asked',
        request: { line: `GET ${redaction.url(url.href)}`, headers: [] },
        outcome: error === null ? 'a code' : `refused: ${error}`,
        ok: error === null,
      })
    },
    hops: async () => (await Promise.all(hops)).map(scrubbed),
  }
}

function bodyText(body: FetchInit['body']): string {
  if (body === undefined || body === null) return ''
  if (typeof body === 'string') return body
  if (body instanceof URLSearchParams) return body.toString()
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : '(not shown)'
}

function cut(text: string): string {
  return text.length > maxBody
    ? `${text.slice(0, maxBody)}\n… (${text.length - maxBody} characters more)`
    : text
}

/** A stream may never end: what has come after a while is shown. */
async function readBody(response: Response): Promise<string> {
  if (!response.body) return ''
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), streamMs)
  let text = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || text.length > 2 * maxBody) return text
      text += value
    }
  } catch {
    return text // the connection was cut: whoever sent the request is told
  } finally {
    clearTimeout(timer)
    // What is left unread here would be kept for as long as the other reader goes on.
    void reader.cancel().catch(() => {})
  }
}
