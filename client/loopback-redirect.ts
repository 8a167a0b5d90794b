import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { isLoopback } from '../config/index.ts'
import { listen } from '../runtime/listen.ts'
import { limitConnections } from './connection-limit.ts'
import { ClientFailure, causeOf, codeOf, exitStatus } from './failure.ts'
import { answers, refuseRequest, sendAnswer } from './loopback-answers.ts'

/** How long the user may take to sign in, in milliseconds. */
const defaultTimeoutMs = 5 * 60_000

/** Where the browser comes back to unless a registration says otherwise: RFC 8252 §7.3, any free port. */
export const defaultRedirectUri = 'http://127.0.0.1/callback'

/** A browser opens six to a host. */
const maximumConnections = 64

/** How long a connection may take to send its request, in milliseconds. */
const requestTimeoutMs = 10_000

/** How often a wrong address may be pasted before only the browser counts. A terminal asks again by itself. */
const maximumPastes = 10

/** Waits for the browser to come back from the authorization server (RFC 8252 §7.3). */
export interface LoopbackRedirect {
  /** `redirect_uri`: this machine, and a port that was free. */
  readonly uri: string
  /**
   * Takes the first callback of this sign-in, and no other. Everything else is refused, and the wait goes on: any web
   * page can send a browser here. The browser is told how it went once `handle` is done.
   * @returns what `handle` returns
   * @throws what `handle` throws, and ClientFailure when no callback comes in time
   */
  receive<Result>(handle: (callback: URL) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/**
 * Takes addresses from a person, until one is the callback.
 * @param wanted how the callback begins
 * @param isCallback whether an address is the answer to this sign-in
 */
export type PastedCallback = (
  wanted: string,
  signal: AbortSignal,
  isCallback: (url: URL) => boolean,
) => Promise<URL>

/** How long to wait, and where. */
export interface LoopbackRedirectOptions {
  /** http, on this machine. Without a port, or when its port is taken, any that is free. */
  readonly uri?: string | undefined
  /** Whether the port of `uri` is the only one that will do. Default false. */
  readonly portIsFixed?: boolean
  /** The `state` of the authorization request: a callback without it is not of this sign-in. Default: any is. */
  readonly state?: string
  /** In milliseconds. Default 5 minutes. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** A callback that the user brings by hand; the first that comes, either way, counts. */
  readonly pastedCallback?: PastedCallback
}

/**
 * Opens a server for one callback. Whoever opens it closes it.
 * @throws ClientFailure when `uri` is not one that this machine can serve, or its port is fixed and taken
 */
export async function openLoopbackRedirect({
  uri: wanted = defaultRedirectUri,
  portIsFixed = false,
  state,
  timeoutMs = defaultTimeoutMs,
  signal,
  pastedCallback,
}: LoopbackRedirectOptions = {}): Promise<LoopbackRedirect> {
  const target = requireServable(wanted)
  const callback = Promise.withResolvers<{ url: URL; response?: ServerResponse }>()
  // The wait may be given up before anyone asks for its result.
  callback.promise.catch(() => {})
  let used = false
  /** Counted, not told one by one: a program that reaches this port could fill the terminal. */
  let others = 0
  const isCallback = (url: URL) => url.href.startsWith(beginningOf(target)) && hasState(url, state)

  const server = createServer(
    {
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      const refusal = refuseRequest(request, target)
      const url = new URL(refusal ? '/' : (request.url ?? '/'), target)
      if (!refusal && !isCallback(url)) others += 1
      const answer = refusal ?? (isCallback(url) ? (used ? answers.used : undefined) : answers.otherSignIn)
      if (answer) {
        void sendAnswer(response, answer)
        return
      }
      used = true
      connections.keep(request.socket)
      callback.resolve({ url, response })
    },
  )
  const connections = limitConnections(server, maximumConnections)
  target.port = String(await listenNear(server, target, portIsFixed))
  const timer = setTimeout(() => callback.reject(noCallback(timeoutMs, others)), timeoutMs)
  const onAbort = () => callback.reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) onAbort()
  const end = new AbortController()

  /** Rejects when nothing can be pasted, and after too many wrong addresses: then only the browser counts. */
  async function takePasted(paste: PastedCallback): Promise<void> {
    for (let count = 0; count < maximumPastes && !end.signal.aborted && !used; count++) {
      const url = await paste(beginningOf(target), end.signal, isCallback)
      if (used || !isCallback(url)) continue
      used = true
      callback.resolve({ url })
    }
  }

  return {
    uri: target.href,
    async receive(handle) {
      if (pastedCallback) takePasted(pastedCallback).catch(() => {})
      const { url, response } = await callback.promise
      clearTimeout(timer)
      try {
        const result = await handle(url)
        if (response) await sendAnswer(response, answers.signedIn)
        return result
      } catch (error) {
        if (response) await sendAnswer(response, answers.failed)
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
      connections.end()
      await closed.promise
    },
  }
}

/** `state` is secret, so a callback that has it answers this sign-in: whatever else is wrong with it ends the wait. */
function hasState(url: URL, state: string | undefined): boolean {
  if (state === undefined) return true
  const [given, ...more] = url.searchParams.getAll('state')
  if (given === undefined || more.length > 0) return false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(state))
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

/** The browser did not come back. What it shows instead, only the person knows. */
export class NoCallback extends ClientFailure {}

function noCallback(timeoutMs: number, others: number): NoCallback {
  const again = 'Run the command again, and open the address it prints in a browser on this machine.'
  const refused = others > 0 ? ` Refused meanwhile: ${others} answers that were not to this sign-in.` : ''
  return new NoCallback(`Nobody signed in within ${Math.round(timeoutMs / 1000)} seconds.`, {
    status: exitStatus.signIn,
    hint: `${again}${refused}`,
  })
}
