import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isLoopback } from '../config/index.ts'
import { html, page, styleHash } from '../runtime/html.ts'
import { listen } from '../runtime/listen.ts'
import { ClientFailure, causeOf, codeOf, exitStatus } from './failure.ts'

/** How long the user may take to sign in, in milliseconds. */
const defaultTimeoutMs = 5 * 60_000

/** Where the browser comes back to unless a registration says otherwise: RFC 8252 §7.3, any free port. */
const defaultUri = 'http://127.0.0.1/callback'

/** Waits for the browser to come back from the authorization server (RFC 8252 §7.3). */
export interface LoopbackRedirect {
  /** `redirect_uri`: this machine, and a port that was free. */
  readonly uri: string
  /**
   * Takes the first callback, and no other. The browser is told how it went once `handle` is done.
   * @returns what `handle` returns
   * @throws what `handle` throws, and ClientFailure when no callback comes in time
   */
  receive<Result>(handle: (callback: URL) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/**
 * Takes addresses from a person, until one is the callback.
 * @param wanted how the callback begins
 */
export type PastedCallback = (wanted: string, signal: AbortSignal) => Promise<URL>

/** How long to wait, and where. */
export interface LoopbackRedirectOptions {
  /** http, on this machine. Without a port, or when its port is taken, any that is free. */
  readonly uri?: string | undefined
  /** Whether the port of `uri` is the only one that will do. Default false. */
  readonly portIsFixed?: boolean
  /** In milliseconds. Default 5 minutes. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** A callback that somebody brings by hand; the first that comes, either way, counts. */
  readonly pastedCallback?: PastedCallback
}

/**
 * Opens a server for one callback. Whoever opens it closes it.
 * @throws ClientFailure when `uri` is not one that this machine can serve, or its port is fixed and taken
 */
export async function openLoopbackRedirect({
  uri: wanted = defaultUri,
  portIsFixed = false,
  timeoutMs = defaultTimeoutMs,
  signal,
  pastedCallback,
}: LoopbackRedirectOptions = {}): Promise<LoopbackRedirect> {
  const target = requireServable(wanted)
  const callback = Promise.withResolvers<{ url: URL; response?: ServerResponse }>()
  // The wait may be given up before anyone asks for its result.
  callback.promise.catch(() => {})
  const server = createServer((request, response) => {
    const refusal = judge(request, target) ?? (used ? answers.used : undefined)
    if (refusal) {
      void answer(response, refusal)
      return
    }
    used = true
    callback.resolve({ url: new URL(request.url ?? '/', target), response })
  })
  let used = false
  target.port = String(await listenNear(server, target, portIsFixed))
  const timer = setTimeout(() => callback.reject(noCallback(timeoutMs)), timeoutMs)
  const onAbort = () => callback.reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) onAbort()
  const end = new AbortController()

  return {
    uri: target.href,
    async receive(handle) {
      pastedCallback?.(beginningOf(target), end.signal).then(
        (url) => {
          used = true
          callback.resolve({ url })
        },
        () => {},
      )
      const { url, response } = await callback.promise
      clearTimeout(timer)
      try {
        const result = await handle(requireCallback(url, target))
        if (response) await answer(response, answers.signedIn)
        return result
      } catch (error) {
        if (response) await answer(response, answers.failed)
        throw error
      }
    },
    async close() {
      clearTimeout(timer)
      end.abort()
      signal?.removeEventListener('abort', onAbort)
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      // Browsers open connections in advance and would keep them.
      server.closeAllConnections()
      await closed.promise
    },
  }
}

function requireServable(uri: string): URL {
  const url = URL.parse(uri)
  if (url?.protocol === 'http:' && isLoopback(url.href) && !url.search && !url.hash) return url
  throw new ClientFailure(`The redirect URI ${uri} is not an http URL on this machine.`, {
    status: exitStatus.usage,
    hint: 'For example: http://127.0.0.1:8765/callback',
  })
}

/** The port that was registered, for servers that insist on it (RFC 8252 §7.3 has them take any). */
async function listenNear(server: Server, { hostname, port }: URL, portIsFixed: boolean): Promise<number> {
  const host = hostname === '[::1]' ? '::1' : '127.0.0.1'
  if (port !== '') {
    try {
      return await listen(server, { host, port: Number(port) })
    } catch (error) {
      if (codeOf(causeOf(error)) !== 'EADDRINUSE') throw error
      if (portIsFixed) throw taken(port, error)
    }
  }
  return await listen(server, { host, port: 0 })
}

function taken(port: string, cause: unknown): ClientFailure {
  return new ClientFailure(`Port ${port} is taken by another program.`, {
    status: exitStatus.signIn,
    hint: 'The authorization server sends the browser there and nowhere else: end that program, or register another port and set REDIRECT_PORT.',
    cause,
  })
}

function beginningOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}?`
}

/** What was brought by hand may be anything. */
function requireCallback(url: URL, target: URL): URL {
  if (url.href.startsWith(beginningOf(target))) return url
  throw new ClientFailure('That is not the address to which the sign-in page sent the browser.', {
    status: exitStatus.signIn,
    hint: `It begins with ${beginningOf(target)}`,
  })
}

interface Answer {
  readonly status: number
  readonly title: string
  readonly text: string
}

const answers = {
  signedIn: {
    status: 200,
    title: 'You are signed in',
    text: 'You can close this page and go back to the terminal.',
  },
  failed: { status: 400, title: 'Signing in failed', text: 'The terminal says why.' },
  foreignHost: { status: 403, title: 'Forbidden', text: 'This address serves the redirect of one sign-in.' },
  notFound: { status: 404, title: 'Not found', text: 'There is nothing here.' },
  notGet: { status: 405, title: 'Method not allowed', text: 'The redirect of a sign-in is a GET.' },
  used: { status: 410, title: 'Already used', text: 'This sign-in has had its answer.' },
} as const satisfies Record<string, Answer>

/** A foreign Host is a name that someone else made resolve to this machine (DNS rebinding). */
function judge(request: IncomingMessage, { host, origin, pathname }: URL): Answer | undefined {
  if (request.headers.host !== host) return answers.foreignHost
  if (URL.parse(request.url ?? '', origin)?.pathname !== pathname) return answers.notFound
  if (request.method !== 'GET') return answers.notGet
  return undefined
}

/** Nothing that the request said is repeated. Resolves when the answer is on its way, or the browser has gone. */
async function answer(response: ServerResponse, { status, title, text }: Answer): Promise<void> {
  const done = Promise.withResolvers<void>()
  response.once('close', done.resolve)
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src ${styleHash}; img-src data:; frame-ancestors 'none'`,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
    ...(status === 405 && { allow: 'GET' }),
  })
  response.end(page({ title, body: html`<h1>${title}</h1><p>${text}</p>` }))
  await done.promise
}

/** The browser did not come back. What it shows instead, only the person knows. */
export class NoCallback extends ClientFailure {}

function noCallback(timeoutMs: number): NoCallback {
  return new NoCallback(`Nobody signed in within ${Math.round(timeoutMs / 1000)} seconds.`, {
    status: exitStatus.signIn,
    hint: 'Run the command again, and open the address it prints in a browser on this machine.',
  })
}
