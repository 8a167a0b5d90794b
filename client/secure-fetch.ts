import type { CustomFetchOptions } from 'openid-client'
import { isLoopback } from '../config/index.ts'
import { ClientFailure, causeOf, codeOf, exitStatus } from './failure.ts'
import type { RequestPurpose } from './request-purpose.ts'

/** Fetch's options, with the bodies of the SDK and of openid-client, whose types differ in small ways. */
export type FetchInit = Omit<RequestInit, 'body'> & {
  readonly body?: RequestInit['body'] | CustomFetchOptions['body']
  /** Why the request is sent. Every request of the client says so; it is not part of what is sent. */
  readonly purpose?: RequestPurpose
}

/**
 * The part of the Fetch API that the client uses; its libraries take it as their `fetch`.
 * All requests of the client go through one: to watch them, or to change how they travel, wrap it.
 */
export type Fetch = (url: string | URL, init?: FetchInit) => Promise<Response>

/** A `fetch` whose requests are all for one purpose. */
export function withPurpose(fetch: Fetch, purpose: RequestPurpose): Fetch {
  return (url, init) => fetch(url, { ...init, purpose })
}

/** How long a server may take until its answer begins, in milliseconds. */
const answerTimeoutMs = 60_000

/**
 * Refuses URLs that a secret must not travel to: everything but https, and http on this machine
 * (RFC 9700 §2.6, RFC 8252 §8.3).
 * @param purpose names the URL in the message, for example `token endpoint`
 * @throws ClientFailure when `url` is not a URL, or not a secure one
 */
export function requireSecureUrl(url: string, purpose: string): URL {
  const parsed = URL.parse(url)
  const secure = parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && isLoopback(parsed.href))
  if (parsed && secure && !parsed.username && !parsed.password) return parsed
  throw new ClientFailure(`The ${purpose} ${url} is neither https nor on this machine.`, {
    status: exitStatus.signIn,
    hint: 'Nothing was sent to it. Its operator must serve it over https.',
  })
}

/**
 * A `fetch` that speaks to secure URLs only and says which server did not answer.
 * @param resource the MCP server's URL, which tells the two servers apart in messages
 * @param signal ends every request
 */
export function createSecureFetch(
  resource: string,
  { signal: end, timeoutMs = answerTimeoutMs }: { signal?: AbortSignal; timeoutMs?: number } = {},
): Fetch {
  return async (url, { purpose, ...init } = {}) => {
    const target = requireSecureUrl(String(url), 'address')
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs)
    const signals = [timeout.signal, init.signal, end].filter((signal) => signal != null)
    try {
      const response = await fetch(target, {
        ...init,
        body: (init.body ?? null) as BodyInit | null,
        signal: AbortSignal.any(signals),
      })
      // MCP answers may be long, and streams; OAuth's are neither, so all of one has to come within the time.
      return purpose === undefined || purpose === 'mcp' ? response : await readWhole(response, target)
    } catch (cause) {
      if (init.signal?.aborted || end?.aborted || cause instanceof ClientFailure) throw cause
      throw await unreachable(target, resource, cause)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** No metadata, registration or token answer is longer than this, in bytes. */
const longestAnswer = 1024 * 1024

async function readWhole(response: Response, { origin }: URL): Promise<Response> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    if (length > longestAnswer) {
      throw new ClientFailure(`The answer of ${origin} is too long.`, { status: exitStatus.signIn })
    }
    chunks.push(chunk)
  }
  return new Response(chunks.length > 0 ? new Blob(chunks) : null, response)
}

async function unreachable(target: URL, resource: string, cause: unknown): Promise<ClientFailure> {
  const { connectionFailure } = await import('../runtime/connection-failure.ts')
  const server = new URL(resource)
  const isMcpServer = target.origin === server.origin
  const name = isMcpServer ? 'MCP server' : 'authorization server'
  const address = isMcpServer ? resource : target.origin
  const setting = isMcpServer ? 'RESOURCE' : 'the MCP server’s ISSUER'
  const failure = connectionFailure(cause, target, setting)
  const isOurs = isLoopback(target.href) && (failure === undefined || failure.code === 'ECONNREFUSED')
  const hint = isOurs
    ? `Start it with: npm run ${isMcpServer ? 'mcp' : 'provider'}`
    : `To change: ${failure?.remedy ?? `see whether ${address} is right, and the network`}.`
  return new ClientFailure(
    `The ${name} at ${address} does not answer (${failure?.reason ?? reason(cause)}).`,
    {
      status: exitStatus.unreachable,
      hint,
      cause,
    },
  )
}

/** `fetch` says why in its error's cause. */
function reason(error: unknown): string {
  const cause = causeOf(error) ?? error
  const code = codeOf(cause)
  if (code !== undefined) return code
  return cause instanceof Error ? cause.message : String(cause)
}
