import type { LookupFunction } from 'node:net'
import type { CustomFetchOptions } from 'openid-client'
import { isLoopback } from '../config/index.ts'
import { AnswerTooLong, longestDocument, readWhole } from '../runtime/bounded-fetch.ts'
import { boundAnswer, defaultMaxResponseBytes, tooLong } from './answer-bounds.ts'
import { ClientFailure, causeOf, codeOf, exitStatus } from './failure.ts'
import type { NetworkGuard } from './network-guard.ts'
import type { RequestPurpose } from './request-purpose.ts'

/** Fetch's options, with the bodies of the SDK and of openid-client, whose types differ in small ways. */
export type FetchInit = Omit<RequestInit, 'body'> & {
  readonly body?: RequestInit['body'] | CustomFetchOptions['body']
  /** Why the request is sent. Every request of the client says so; it is not part of what is sent. */
  readonly purpose?: RequestPurpose
  /**
   * The URL of the server or document that named this URL: it may name only networks that are at least as public as
   * its own. Absent: the user did. It is not part of what is sent.
   */
  readonly namedBy?: string
}

/**
 * The part of the Fetch API that the client uses; its libraries take it as their `fetch`.
 * All requests of the client go through one: to watch them, or to change how they travel, wrap it.
 */
export interface Fetch {
  (url: string | URL, init?: FetchInit): Promise<Response>
  /**
   * Judges a URL that only the browser will open, as if it was asked.
   * Absent: such URLs are judged by what they say, and not by where their names lead.
   * @throws ClientFailure when `namedBy` may not name it
   */
  readonly judge?: ((url: URL, namedBy: string) => Promise<void>) | undefined
}

/**
 * A `fetch` whose requests are all for one purpose.
 * @param namedBy who named their URLs; undefined: the user
 */
export function withPurpose(fetch: Fetch, purpose: RequestPurpose, namedBy?: string): Fetch {
  return (url, init) => fetch(url, { ...init, purpose, ...(namedBy !== undefined && { namedBy }) })
}

/** How long a server may take until its answer begins, and that of an authorization server ends, in milliseconds. */
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

/** Options of {@link createSecureFetch}. */
export interface SecureFetchOptions {
  /** Ends every request. */
  readonly signal?: AbortSignal
  /** How long a server may take, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number
  /** The longest message of the MCP server, in bytes after decompression. Default 16 MiB. */
  readonly maxResponseBytes?: number
  /** Looks up host names. Default: the system's resolver. */
  readonly resolve?: LookupFunction
}

/**
 * A `fetch` that speaks to secure URLs only, follows no server to a network that is less public than the server's own,
 * reads no answer without bound, follows no redirect, and says which server did not answer.
 * @param resource the MCP server's URL, which tells the two servers apart in messages
 */
export function createSecureFetch(
  resource: string,
  {
    signal: end,
    timeoutMs = answerTimeoutMs,
    maxResponseBytes = defaultMaxResponseBytes,
    resolve,
  }: SecureFetchOptions = {},
): Fetch {
  let opened: Promise<NetworkGuard> | undefined
  // Loaded only when a server's references are followed, which a command with valid tokens does not.
  const guard = async () => {
    opened ??= import('./network-guard.ts').then(({ createNetworkGuard }) => createNetworkGuard(resolve))
    return await opened
  }

  async function secureFetch(url: string | URL, init: FetchInit = {}): Promise<Response> {
    const { purpose, namedBy, ...options } = init
    const target = requireSecureUrl(String(url), 'address')
    const isMcp = purpose === undefined || purpose === 'mcp'
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs)
    const signals = [timeout.signal, init.signal, end].filter((signal) => signal != null)
    const request = {
      ...options,
      redirect: init.redirect ?? ('manual' as const),
      body: (init.body ?? null) as BodyInit | null,
      signal: AbortSignal.any(signals),
    }
    try {
      if (isMcp && namedBy === undefined) {
        const { method, body } = init
        const answer = await fetch(target, request)
        return await boundAnswer(answer, { maxResponseBytes, method, body, origin: target.origin })
      }
      // OAuth's answers are short, and no streams, so all of one has to come within the time.
      return await readWhole(await (await guard()).send(target, namedBy, request), longestDocument)
    } catch (cause) {
      if (init.signal?.aborted || end?.aborted || cause instanceof ClientFailure) throw cause
      if (cause instanceof AnswerTooLong) throw tooLong(target.origin, cause)
      throw await unreachable(target, resource, cause)
    } finally {
      clearTimeout(timer)
    }
  }
  return Object.assign(secureFetch, {
    judge: async (url: URL, namedBy: string) => await (await guard()).judge(url, namedBy),
  })
}

/** A `fetch` of the program's own, with the bounds of {@link createSecureFetch}. */
export function withBounds(fetch: Fetch, maxResponseBytes = defaultMaxResponseBytes): Fetch {
  async function boundedFetch(url: string | URL, init: FetchInit = {}): Promise<Response> {
    const { origin } = new URL(url)
    const response = await fetch(url, init)
    if (init.purpose === undefined || init.purpose === 'mcp') {
      return await boundAnswer(response, { maxResponseBytes, method: init.method, body: init.body, origin })
    }
    return await readWhole(response, longestDocument).catch((cause) => {
      throw cause instanceof AnswerTooLong ? tooLong(origin, cause) : cause
    })
  }
  return Object.assign(boundedFetch, { judge: fetch.judge })
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
