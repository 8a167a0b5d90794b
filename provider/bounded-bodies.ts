import type { Context, Middleware } from 'koa'
import type { AddressOf } from '../runtime/address-of.ts'
import { type BodyBudget, createBodyBudget, defaultBodyBudget } from '../runtime/body-budget.ts'
import { createJsonSize, type JsonLimits } from '../runtime/json-size.ts'
import { siteOf } from '../runtime/networks-of.ts'

/** The largest body that oidc-provider reads, in bytes. It refuses larger ones itself, as the forms do theirs. */
const maxBytes = 56 * 1024

/** How long a body may take to arrive, in milliseconds. */
const timeoutMs = 10_000

/** What a client registers has some twenty values, a few of which are lists. */
const jsonLimits: JsonLimits = { maxDepth: 16, maxKeys: 500, maxValues: 1000 }

/** A body that is not read any further. */
class BodyRefusedError extends Error {
  override readonly name = 'BodyRefusedError'
  readonly expose = true
  readonly status: number
  readonly error: string

  constructor(status: number, message: string, error = 'invalid_request') {
    super(message)
    this.status = status
    this.error = error
  }
}

/** Options of {@link boundedBodies}. */
export interface BoundedBodiesOptions {
  readonly addressOf: AddressOf
  readonly budget?: BodyBudget
  /** Default 10,000 ms. */
  readonly timeoutMs?: number
}

/**
 * Bounds the bodies that arrive: their time, the memory that they take together, and the depth and number of keys
 * of JSON. No caller is known before the body is read, so every caller counts as anonymous.
 * It stands before anything that reads.
 */
export function boundedBodies(options: BoundedBodiesOptions): Middleware {
  const { addressOf } = options
  const { totalBytes } = defaultBodyBudget
  const budget =
    options.budget ??
    createBodyBudget({ ...defaultBodyBudget, anonymousBytes: totalBytes, networkBytes: totalBytes / 4 })

  return async (ctx, next) => {
    const declared = ctx.request.length
    if (!declared && ctx.get('transfer-encoding') === '') return next()
    const { promise: refused, reject } = Promise.withResolvers<never>()
    refused.catch(() => {})
    let refusal: BodyRefusedError | undefined
    const refuse = (status: number, message: string, error?: string) => {
      refusal = new BodyRefusedError(status, message, error)
      // What waits for the body ends with the connection.
      ctx.set('Connection', 'close')
      if (status === 503) ctx.set('Retry-After', '1')
      reject(refusal)
    }
    const overloaded = () =>
      refuse(503, 'Too many requests are arriving. Try again shortly.', 'temporarily_unavailable')
    const room = budget.take({ key: siteOf(addressOf(ctx.req)), anonymous: true, cut: overloaded })
    if (!room) overloaded()
    const timer = setTimeout(() => {
      if (!ctx.req.complete) refuse(408, 'The body did not arrive in time. Send it again.')
    }, options.timeoutMs ?? timeoutMs)
    const json = ctx.is('json') ? createJsonSize(jsonLimits) : undefined
    watchChunks(ctx, (chunk, received) => {
      const bound = json?.add(chunk)
      // JSON comes for registration alone (RFC 7591 §3.2.2).
      if (refusal === undefined && bound !== undefined)
        refuse(400, `The body has more than ${bound}.`, 'invalid_client_metadata')
      // Nothing reads further than that.
      else if (refusal === undefined && !room?.grow(Math.min(received, maxBytes))) overloaded()
      return refusal === undefined
    })
    try {
      if (refusal) throw refusal
      await Promise.race([next(), refused])
    } finally {
      clearTimeout(timer)
      room?.release()
    }
  }
}

/**
 * Sees what arrives without reading it: oidc-provider and the forms read bodies themselves, later.
 * @param onChunk returns false when nothing more may be read, and what is refused must not be acted on
 */
function watchChunks({ req }: Context, onChunk: (chunk: Uint8Array, received: number) => boolean): void {
  let received = 0
  const take = (chunk: Uint8Array) => {
    received += chunk.byteLength
    return onChunk(chunk, received)
  }
  const early: Buffer | null = req.readableLength > 0 ? req.read() : null
  if (early) req.unshift(early)
  let open = early === null || take(early)
  const push = req.push.bind(req)
  req.push = (chunk: Uint8Array | null, encoding) => {
    open &&= chunk === null || take(chunk)
    return open ? push(chunk, encoding) : false
  }
}
