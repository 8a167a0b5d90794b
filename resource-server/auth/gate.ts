import type { AuthInfo, McpHttpHandler } from '@modelcontextprotocol/server'
import { networksOf } from '../../runtime/networks-of.ts'
import { allowsAnonymous, isListen } from './anonymous.ts'
import { callerKey } from './auth-info.ts'
import type { Authenticator } from './authenticate.ts'
import { challengeResponse, type Denial, toChallenge } from './challenge.ts'
import { asToolResult } from './challenge-in-result.ts'
import { answerId, errorBody, JsonRpcError, type Message, type ParsedBody, parseBody } from './json-rpc.ts'
import { createStreamLimit, whenDone } from './stream-limit.ts'
import type { Asker, TokenVerifier } from './verdict.ts'
import { type TokenWatch, watchToken } from './watch-token.ts'

/** What the gate decided about one HTTP request, for logs and counters. Holds no token. */
export interface Decision {
  readonly request: Request
  readonly address: string
  readonly messages: readonly Message[]
  readonly authInfo?: AuthInfo
  /** Absent when the request was let through. */
  readonly denial?: Denial
}

/** Options of {@link createGate}. */
export interface GateOptions {
  /** What runs behind the gate: the SDK's handler, whose tools carry their own scopes (`scopeChallenge`). */
  readonly handler: Pick<McpHttpHandler, 'fetch'>
  readonly authenticate: Authenticator
  /** Asked again about the token of a stream while it is open. */
  readonly verifier: TokenVerifier
  /** How often, in seconds. */
  readonly streamCheckSeconds: number
  /** The tools that name their scopes. An anonymous call of any other is refused here. */
  readonly listedTools: ReadonlySet<unknown>
  /** RFC 9728 metadata, named in every challenge. */
  readonly resourceMetadataUrl: string
  /** The scopes of this resource: only these are repeated in a challenge. */
  readonly scopesSupported: readonly string[]
  /** What a client asks the issuer for to get a scope of this resource; `{scope}` stands for its name. Default `{scope}`. */
  readonly scopeTemplate?: string
  /** Bounds how often anyone may ask. Default: no bound. */
  readonly limit?: RequestLimit
  /** True for a caller that reads challenges in tool results only (`_meta["mcp/www_authenticate"]`). */
  readonly challengeInResult?: (call: { request: Request; message: Message }) => boolean
  /** Called once for each request that was judged. */
  readonly onDecision?: (decision: Decision) => void
  /** Streams that one address may hold open without a token; an IPv6 network has a few times as many. Default 4. */
  readonly anonymousStreams?: number
  /** Streams that all may hold open without a token. Default 256. */
  readonly allAnonymousStreams?: number
  /** Streams that one caller may hold open with its tokens. Default 32. */
  readonly callerStreams?: number
  /** Streams that all callers may hold open with their tokens. Default 2048. */
  readonly allCallerStreams?: number
  /** How long an anonymous stream lasts, in seconds. Default 300. */
  readonly anonymousStreamSeconds?: number
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** Bounds how often anyone may ask. Each resolves to the seconds to wait when it has been too often. */
export interface RequestLimit {
  /** Counts the messages of a request. */
  count(request: {
    readonly authInfo?: AuthInfo | undefined
    /** Whose good token came without its key. */
    readonly unproven?: AuthInfo | undefined
    /** True when a token was sent and is refused. */
    readonly badToken: boolean
    readonly address: string
    /** How many: a batch counts like as many requests. */
    readonly messages: number
  }): Promise<number | undefined>
  /** Asked before the issuer is asked about a token from that address. What is asked without a token has no say. */
  mustWait(address: string): Promise<number | undefined>
}

/** One HTTP request for the gate. */
export interface GateRequest {
  /** Method and headers. Its body is not read, and its URL is not trusted. */
  readonly request: Request
  /** The whole body, bounded by whoever read it. */
  readonly body: Uint8Array
  /** Where it comes from, to count requests and streams. */
  readonly address: string
}

/** What stands before an MCP endpoint. */
export interface Gate {
  /** Lets an MCP request through to its handler, or answers it with what is missing. */
  handle(incoming: GateRequest): Promise<Response>
  /** Ends the streams that are open now. */
  endStreams(): void
}

/**
 * The gate before an MCP endpoint (MCP 2026-07-28 authorization; RFC 6750, RFC 9728).
 *
 * The body is parsed once, and that very value is judged and run: headers such as `Mcp-Name` decide nothing.
 * A token that was sent must be good, for public tools too. Without one, only a small set of methods goes
 * further, and the called tool's own scopes decide the rest, in the SDK, right before dispatch.
 */
export function createGate(options: GateOptions): Gate {
  const {
    handler,
    authenticate,
    verifier,
    listedTools,
    resourceMetadataUrl,
    scopeTemplate,
    limit,
    onDecision,
    now = Date.now,
  } = options
  const streamCheckMs = options.streamCheckSeconds * 1000
  const { anonymousStreams = 4, callerStreams = 32, anonymousStreamSeconds = 300 } = options
  const ofAddress = createStreamLimit(options.allAnonymousStreams ?? 256)
  const ofCaller = createStreamLimit(options.allCallerStreams ?? 2048)
  let streamsEnd = new AbortController()

  return {
    handle,
    endStreams() {
      streamsEnd.abort()
      streamsEnd = new AbortController()
    },
  }

  async function handle({ request, body, address }: GateRequest): Promise<Response> {
    if (request.method !== 'POST') return methodNotAllowed()
    let parsed: ParsedBody
    try {
      parsed = parseBody(body)
    } catch (error) {
      if (error instanceof JsonRpcError) return json(error.status, errorBody(error.code, error.message))
      throw error
    }
    const { messages, value } = parsed

    const { authInfo, denial, scheme, unproven } = await authenticate(request, askerAt(address))
    const badToken = denial?.kind === 'invalid_token'
    // These are refused already, and say nothing about the token.
    const counted = denial?.kind !== 'rate_limited' && denial?.kind !== 'unavailable'
    const retryAfterSeconds = counted
      ? await limit?.count({ authInfo, unproven, badToken, address, messages: messages.length })
      : undefined
    if (retryAfterSeconds !== undefined) return deny({ kind: 'rate_limited', retryAfterSeconds })
    if (denial) return deny(denial)
    if (!authInfo && !messages.every((message) => allowsAnonymous(message, listedTools))) {
      return deny({ kind: 'no_token', scopes: [] })
    }

    const listening = messages.some(isListen)
    const leave = listening ? takeStream(authInfo, address) : () => {}
    if (!leave) return deny({ kind: 'too_many_streams' })
    const watch = listening && authInfo ? watchToken(verifier, authInfo.token, streamCheckMs) : undefined
    const release = () => {
      leave()
      watch?.stop()
    }
    const target = listening ? bound(request, authInfo, watch) : request
    const response = await dispatch(target).catch((error) => {
      release()
      throw error
    })

    const needed = response.status === 403 ? challengedScopes(response) : undefined
    if (needed) {
      release()
      return deny(authInfo ? insufficientScope(authInfo, needed) : { kind: 'no_token', scopes: needed })
    }
    onDecision?.({ request, address, messages, ...(authInfo && { authInfo }) })
    return listening ? whenDone(response, release) : response

    function dispatch(target: Request): Promise<Response> {
      return handler.fetch(target, { parsedBody: value, ...(authInfo && { authInfo }) })
    }

    function deny(reason: Denial): Response {
      onDecision?.({ request, address, messages, denial: reason, ...(authInfo && { authInfo }) })
      const challenge = toChallenge(reason, { scheme, resourceMetadataUrl, scopeTemplate })
      const [message] = messages
      if (message && messages.length === 1 && options.challengeInResult?.({ request, message })) {
        const result = asToolResult(challenge, message)
        if (result) return result
      }
      return challengeResponse(challenge, answerId(messages))
    }
  }

  function askerAt(address: string): Asker {
    return {
      network: networksOf(address).at(-1)?.key ?? address,
      ...(limit && { mustWait: () => limit.mustWait(address) }),
    }
  }

  function takeStream(authInfo: AuthInfo | undefined, address: string): (() => void) | undefined {
    if (authInfo) return ofCaller.take([{ key: callerKey(authInfo), max: callerStreams }])
    return ofAddress.take(
      networksOf(address).map(({ key, share }) => ({ key, max: anonymousStreams * share })),
    )
  }

  function insufficientScope(authInfo: AuthInfo, needed: readonly string[]): Denial {
    const granted = authInfo.scopes.filter((scope) => options.scopesSupported.includes(scope))
    return { kind: 'insufficient_scope', needed, granted }
  }

  /** A stream ends with the token that opened it, by its time or by revocation, and an anonymous one after a while. */
  function bound(request: Request, authInfo: AuthInfo | undefined, watch: TokenWatch | undefined): Request {
    const expiresAt = authInfo?.expiresAt
    const lifetimeMs =
      expiresAt === undefined ? anonymousStreamSeconds * 1000 : Math.floor(expiresAt * 1000 - now())
    // A longer delay than a timer can hold would fire at once.
    const timeout = AbortSignal.timeout(Math.min(Math.max(lifetimeMs, 0), 2 ** 31 - 1))
    const signal = AbortSignal.any([
      request.signal,
      timeout,
      streamsEnd.signal,
      ...(watch ? [watch.signal] : []),
    ])
    // Not a copy of the request: its body was read already, and only its own runtime could copy it.
    return new Request(request.url, { method: request.method, headers: [...request.headers], signal })
  }
}

/** The scopes that the SDK's challenge names, or undefined when the answer is no challenge. */
function challengedScopes(response: Response): readonly string[] | undefined {
  const challenge = response.headers.get('www-authenticate') ?? ''
  return /\bscope="([^"]*)"/.exec(challenge)?.[1]?.split(' ')
}

/** A 401 here would make clients that open a stream with GET start a login as soon as they connect. */
function methodNotAllowed(): Response {
  return json(405, errorBody(-32000, 'Method not allowed: send JSON-RPC with POST.'), {
    allow: 'POST, OPTIONS',
  })
}

function json(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } })
}
