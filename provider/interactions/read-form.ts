import type { Context } from 'koa'
import getRawBody from 'raw-body'

const limitBytes = 8 * 1024

/**
 * Reads a submitted form.
 * @throws an error with `status` 413 or 415 when it is too large or not a form
 */
export async function readForm(ctx: Context): Promise<URLSearchParams> {
  if (!ctx.is('application/x-www-form-urlencoded')) ctx.throw(415, 'This is not a form.')
  const body = await getRawBody(ctx.req, { limit: limitBytes, encoding: 'utf8' })
  return new URLSearchParams(body)
}
