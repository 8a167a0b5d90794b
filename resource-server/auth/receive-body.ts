import type { AuthInfo } from '@modelcontextprotocol/server'
import { type BodyBudget, type BodyBudgetOptions, createBodyBudget } from '../../runtime/body-budget.ts'
import { createJsonSize, type JsonLimits } from '../../runtime/json-size.ts'
import { siteOf } from '../../runtime/networks-of.ts'
import { callerKey } from './auth-info.ts'
import type { Denial } from './challenge.ts'

/** Told about a body while it arrives. */
export interface BodyReceiver {
  chunk(bytes: Uint8Array): void
  end(): void
  /** The client went away, or broke the framing of HTTP. */
  failed(): void
}

/** A body that has not been read. */
export interface UnreadBody {
  /** True when nothing of it is left to be read. */
  readonly complete: boolean
  /**
   * Begins to read.
   * @returns stops reading; what has not been read stays where it is
   */
  read(receiver: BodyReceiver): () => void
}

/** What one request may consist of. */
export interface BodyLimits extends JsonLimits {
  readonly maxBytes: number
  /** How long the body may take to arrive, in seconds. */
  readonly seconds: number
}

/** Without a verified token a request is small. */
export const anonymousBody: BodyLimits = {
  maxBytes: 64 * 1024,
  seconds: 10,
  maxDepth: 64,
  maxKeys: 1000,
  maxValues: 2000,
}

/** With a verified token. */
export const callerBody: BodyLimits = {
  maxBytes: 1024 * 1024,
  seconds: 20,
  maxDepth: 128,
  maxKeys: 10_000,
  maxValues: 100_000,
}

/** The bounds of bodies. */
export interface BodyOptions {
  /** Of requests without a verified token. Default 64 KiB, 1000 keys, 64 levels, 10 seconds. */
  readonly anonymous?: Partial<BodyLimits>
  /** Of requests with one. Default 1 MiB, 10,000 keys, 128 levels, 20 seconds. */
  readonly caller?: Partial<BodyLimits>
  /** Of all requests together while they arrive. Default 64 MiB, a quarter of it for anonymous callers. */
  readonly budget?: BodyBudgetOptions
}

/** Reads bodies within bounds. */
export interface BodyReader {
  /** Reads the body of a request. @returns its bytes, or why it is refused */
  receive(incoming: IncomingBody, authInfo: AuthInfo | undefined): Promise<Uint8Array | Denial>
  readonly budget: BodyBudget
}

interface IncomingBody {
  readonly request: Pick<Request, 'headers'>
  readonly body: Uint8Array | UnreadBody
  readonly address: string
}

/** Makes the reader of one server's bodies. */
export function createBodyReader(options: BodyOptions = {}): BodyReader {
  const anonymous = { ...anonymousBody, ...options.anonymous }
  const caller = { ...callerBody, ...options.caller }
  const budget = createBodyBudget(options.budget)

  return {
    budget,
    async receive({ request, body, address }, authInfo) {
      const limits = authInfo ? caller : anonymous
      const encoding = request.headers.get('content-encoding')
      if (encoding !== null && encoding.toLowerCase() !== 'identity') return { kind: 'encoded_body' }
      const declared = Number(request.headers.get('content-length') ?? Number.NaN)
      if (declared > limits.maxBytes) return tooLarge(limits, authInfo, declared <= caller.maxBytes)
      const bytes =
        body instanceof Uint8Array
          ? body.byteLength > limits.maxBytes
            ? tooLarge(limits, authInfo, body.byteLength <= caller.maxBytes)
            : body
          : await readBounded(body, { limits, declared, address, authInfo })
      if (!(bytes instanceof Uint8Array)) return bytes
      const tooMuch = createJsonSize(limits).add(bytes)
      return tooMuch === undefined
        ? bytes
        : { kind: 'too_complex', bound: tooMuch, anonymous: authInfo === undefined }
    },
  }

  function tooLarge(limits: BodyLimits, authInfo: AuthInfo | undefined, tokenHelps: boolean): Denial {
    return {
      kind: 'body_too_large',
      maxBytes: limits.maxBytes,
      anonymous: authInfo === undefined,
      tokenHelps,
    }
  }

  function readBounded(
    body: UnreadBody,
    {
      limits,
      declared,
      address,
      authInfo,
    }: { limits: BodyLimits; declared: number; address: string; authInfo: AuthInfo | undefined },
  ): Promise<Uint8Array | Denial> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | Denial>()
    let stop: (() => void) | undefined
    let settled = false
    const settle = (result: Uint8Array | Denial) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      room?.release()
      stop?.()
      resolve(result)
    }
    const timer = setTimeout(
      () => settle({ kind: 'body_too_slow', seconds: limits.seconds }),
      limits.seconds * 1000,
    )
    const room = budget.take({
      key: authInfo ? callerKey(authInfo) : siteOf(address),
      anonymous: authInfo === undefined,
      cut: () => settle({ kind: 'overloaded' }),
    })
    if (!room) {
      settle({ kind: 'overloaded' })
      return promise
    }
    // Chunks are copied together as they come: a chunk of one byte takes a hundred.
    let bytes: Uint8Array = new Uint8Array()
    let length = 0
    let chunks = 0
    stop = body.read({
      chunk(chunk) {
        if (settled) return
        const wanted = length + chunk.byteLength
        chunks += 1
        if (wanted > limits.maxBytes) return settle(tooLarge(limits, authInfo, false))
        // A body in many tiny pieces costs far more than its bytes.
        if (chunks > limits.maxBytes / 64) return settle({ kind: 'incomplete_body' })
        if (length === 0 && wanted === declared) {
          bytes = chunk
        } else if (wanted > bytes.byteLength) {
          const capacity = Math.min(limits.maxBytes, Math.max(wanted, bytes.byteLength * 2, 4096))
          if (!room.grow(capacity)) return settle({ kind: 'overloaded' })
          const larger = new Uint8Array(capacity)
          larger.set(bytes.subarray(0, length))
          bytes = larger
        }
        if (bytes !== chunk) bytes.set(chunk, length)
        length = wanted
      },
      end() {
        const matches = Number.isNaN(declared) || declared === length
        settle(matches ? bytes.subarray(0, length) : { kind: 'incomplete_body' })
      },
      failed: () => settle({ kind: 'incomplete_body' }),
    })
    if (settled) stop()
    return promise
  }
}
