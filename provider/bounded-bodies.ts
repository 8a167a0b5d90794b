import type { Context, Middleware } from 'koa'
import type { AddressOf } from '../runtime/address-of.ts'
import { type BodyBudget, createBodyBudget, defaultBodyBudget } from '../runtime/body-budget.ts'
import { createJsonSize, type JsonLimits } from '../runtime/json-size.ts'
import { siteOf } from '../runtime/networks-of.ts'

/** The largest body that is read, in bytes: oidc-provider's own bound. */
const maxBytes = 56 * 1024

/** How long a body may take to arrive, in milliseconds. */
const timeoutMs = 10_000

/** What a client registers has some twenty values, a few of which are lists. */
const jsonLimits: JsonLimits = { maxDepth: 16, maxKeys: 500, maxValues: 1000 }

/** A body that is not read any further. */
class BodyRefusedError extends Error {
  override readonly name = 'BodyRefusedError'
  readonly error = 'invalid_request'
  readonly expose = true
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
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
 * Bounds the bodies that arrive: their bytes, their time, the memory that they take together, and the depth and
 * number of keys of JSON. Nobody here is known before the body is read, so that every caller counts as anonymous.
 * It must stand where a request has not been waited for, before anything that reads.
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
    const refused = Promise.withResolvers<never>()
    const refuse = (status: number, message: string) => refused.reject(new BodyRefusedError(status, message))
    refused.promise.catch(() => {})
    if (declared !== undefined && declared > maxBytes) throw tooLarge()

    const overloaded = () => {
      ctx.set('Retry-After', '1')
      refuse(503, 'Too many requests are arriving. Try again shortly.')
    }
    const room = budget.take({ key: siteOf(addressOf(ctx.req)), anonymous: true, cut: overloaded })
    if (!room) throw unavailable(ctx)
    const timer = setTimeout(() => {
      if (!ctx.req.complete) refuse(408, 'The body did not arrive in time. Send it again.')
    }, options.timeoutMs ?? timeoutMs)
    const json = ctx.is('json') ? createJsonSize(jsonLimits) : undefined
    watchChunks(ctx, (chunk, received) => {
      if (received > maxBytes) return refused.reject(tooLarge())
      if (!room.grow(received)) return overloaded()
      const bound = json?.add(chunk)
      if (bound !== undefined) refuse(400, `The body has more than ${bound}.`)
    })
    try {
      await Promise.race([next(), refused.promise])
    } finally {
      clearTimeout(timer)
      room.release()
    }
  }
}

const tooLarge = () => new BodyRefusedError(413, `The body has more than ${maxBytes} bytes.`)

function unavailable(ctx: Context): BodyRefusedError {
  ctx.set('Retry-After', '1')
  return new BodyRefusedError(503, 'Too many requests are arriving. Try again shortly.')
}

/** Sees what arrives without reading it: oidc-provider and the forms read bodies themselves, later. */
function watchChunks({ req }: Context, onChunk: (chunk: Uint8Array, received: number) => void): void {
  const push = req.push.bind(req)
  let received = 0
  req.push = (chunk: Uint8Array | null, encoding) => {
    if (chunk !== null) {
      received += chunk.byteLength
      onChunk(chunk, received)
    }
    return push(chunk, encoding)
  }
}
