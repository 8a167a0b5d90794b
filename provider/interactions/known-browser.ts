import { createHash, randomBytes } from 'node:crypto'
import type { Context } from 'koa'

/** Half a year, in milliseconds. */
const rememberedMs = 182 * 86_400_000

const identifier = /^[\w-]{22}$/

/**
 * Remembers in a signed cookie that an account has signed in in this browser: OWASP's device cookie. It lets
 * nobody in. It only says whose wrong passwords are counted together.
 */
export function rememberBrowser(ctx: Context, username: string, issuer: string): void {
  const secure = issuer.startsWith('https:')
  // Behind a proxy the connection itself is plain.
  ctx.cookies.secure = secure
  ctx.cookies.set(cookieName(username), randomBytes(16).toString('base64url'), {
    signed: true,
    httpOnly: true,
    sameSite: 'lax',
    secure,
    path: '/interaction',
    maxAge: rememberedMs,
    overwrite: true,
  })
}

/** @returns what identifies the browser; undefined when this account has not signed in here */
export function findKnownBrowser(ctx: Context, username: string): string | undefined {
  const value = ctx.cookies.get(cookieName(username), { signed: true })
  return value !== undefined && identifier.test(value) ? value : undefined
}

/** One cookie for each account, for browsers that are shared. The signature covers the name too. */
function cookieName(username: string): string {
  return `gatehouse_browser_${createHash('sha256').update(username).digest('hex').slice(0, 16)}`
}
