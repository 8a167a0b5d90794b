import { type Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

/** An HTTP answer. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/**
 * Sends what `fetch` will not: any method, a foreign Host, the same header twice.
 * @param options.headers names and values in turn; Host is added unless it is among them
 */
export function rawRequest(
  url: string,
  options: {
    readonly method?: string
    readonly headers?: readonly string[]
    readonly body?: string | Uint8Array
    readonly agent?: Agent
  } = {},
): Promise<RawAnswer> {
  const { method = 'POST', headers = [], body = '', agent } = options
  const named = new Set(headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
  const all = [...headers]
  if (!named.has('host')) all.push('Host', new URL(url).host)
  if (!named.has('content-length') && !named.has('transfer-encoding')) {
    all.push('Content-Length', String(Buffer.byteLength(body)))
  }
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: all, ...(agent && { agent }) }, (response) => {
      text(response).then(
        (answer) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer }),
        reject,
      )
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}
