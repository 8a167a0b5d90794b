import type { AuthInfo, McpHttpHandler } from '@modelcontextprotocol/server'
import { networksOf, siteOf } from '../../runtime/networks-of.ts'
import { allowsAnonymous, isListen } from './anonymous.ts'
import { callerKey } from './auth-info.ts'
import type { Authentication, Authenticator } from './authenticate.ts'
import { challengeResponse, type Denial, toChallenge } from './challenge.ts'
import { asToolResult } from './challenge-in-result.ts'
import { answerId, JsonRpcError, type Message, type ParsedBody, parseBody } from './json-rpc.ts'
import { type BodyOptions, createBodyReader, type UnreadBody } from './receive-body.ts'
import { type RequestLimit, shareOf } from './request-share.ts'
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
  /** The tools that an anonymous caller gets to see. An anonymous call of any other is refused here. */
  readonly knownTools: ReadonlySet<unknown>
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
  /** How large bodies may be, and how much memory they take together. */
  readonly bodies?: BodyOptions
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

/** One HTTP request for the gate. */
export interface GateRequest {
  /** Method and headers. Its body is not read, and its URL is not trusted. */
  readonly request: Request
  /** The body: read when the caller and its limits are known. Bytes that are there already are bounded as well. */
  readonly body: Uint8Array | UnreadBody
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
    knownTools,
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
  const bodies = createBodyReader(options.bodies)
  let streamsEnd = new AbortController()

  return {
    handle,
    endStreams() {
      streamsEnd.abort()
      streamsEnd = new AbortController()
    },
  }

  async function handle(incoming: GateRequest): Promise<Response> {
    const { request, address } = incoming
    let messages: readonly Message[] = []
    let value: unknown
    let caller: Authentication = { scheme: 'Bearer' }
    if (request.method !== 'POST') return deny({ kind: 'method_not_allowed' })

    caller = await authenticate(request, askerAt(address))
    const { authInfo, denial } = caller
    const share = shareOf(caller, address)
    // A caller that has used up its share is not worth a body.
    const waitSeconds =
      denial?.kind === 'rate_limited' ? denial.retryAfterSeconds : await limit?.exceeded(share)
    if (waitSeconds !== undefined) return deny({ kind: 'rate_limited', retryAfterSeconds: waitSeconds })
    const bytes = await bodies.receive(incoming, authInfo)
    // What the headers have earned already tells the client more than the size of its body.
    if (!(bytes instanceof Uint8Array)) return refuse(denial ?? bytes)
    const parsed = parseOrRefuse(bytes)
    if ('kind' in parsed) return refuse(denial ?? parsed)
    ;({ messages, value } = parsed)

    const retryAfterSeconds = await limit?.count({ ...share, messages: messages.length })
    if (retryAfterSeconds !== undefined) return deny({ kind: 'rate_limited', retryAfterSeconds })
    if (denial) return deny(denial)
    if (!authInfo && !messages.every((message) => allowsAnonymous(message, knownTools))) {
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

    /** Refuses a request that was not parsed. It counts as one message. */
    async function refuse(reason: Denial): Promise<Response> {
      const retryAfterSeconds = await limit?.count({ ...shareOf(caller, address), messages: 1 })
      return deny(retryAfterSeconds === undefined ? reason : { kind: 'rate_limited', retryAfterSeconds })
    }

    function deny(reason: Denial): Response {
      const { authInfo, scheme } = caller
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
      network: siteOf(address),
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

function parseOrRefuse(bytes: Uint8Array): ParsedBody | Denial {
  try {
    return parseBody(bytes)
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error
    return { kind: 'invalid_request', code: error.code, detail: error.message }
  }
}

/** The scopes that the SDK's challenge names, or undefined when the answer is no challenge. */
function challengedScopes(response: Response): readonly string[] | undefined {
  const challenge = response.headers.get('www-authenticate') ?? ''
  return /\bscope="([^"]*)"/.exec(challenge)?.[1]?.split(' ')
}
