import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

/** What came back, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** One request of a client: a GET, or a POST of a form. */
export interface Request {
  readonly path: string
  /** Absent: a GET. */
  readonly form?: URLSearchParams
  readonly headers?: Readonly<Record<string, string>>
}

/** Sends requests to one server over connections that stay open; costs a fraction of what `fetch` does. */
export interface HttpClient {
  send(request: Request): Promise<Answer>
  close(): void
}

/** @param port of this machine; the server takes itself for `http://localhost:PORT` unless another host is given */
export function createHttpClient(port: number, host = `localhost:${port}`): HttpClient {
  const agent = new Agent({ keepAlive: true })
  return {
    send: ({ path, form, headers }) =>
      new Promise((resolve, reject) => {
        const body = form?.toString()
        const outgoing = request(
          {
            agent,
            host: '127.0.0.1',
            port,
            path,
            method: body === undefined ? 'GET' : 'POST',
            headers: {
              host,
              ...(body !== undefined && {
                'content-type': 'application/x-www-form-urlencoded',
                'content-length': Buffer.byteLength(body),
              }),
              ...headers,
            },
          },
          (response) => {
            const { statusCode: status = 0, headers: received } = response
            text(response).then((answer) => resolve({ status, headers: received, body: answer }), reject)
          },
        )
        outgoing.once('error', reject)
        outgoing.end(body)
      }),
    close: () => agent.destroy(),
  }
}
