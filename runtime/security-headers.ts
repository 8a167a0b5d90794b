import type { Middleware } from 'koa'
import { styleHash } from './html.ts'

/**
 * Nothing is loaded, framed or run; the one inline style is the page's own.
 * `form-action` is left out: Chromium applies it to the redirect that answers a form too,
 * and the login form's redirect leads to the client.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src ${styleHash}`,
  'img-src data:',
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Sets the security headers on every answer, error pages included (OWASP ASVS 5 V3.4). */
export function securityHeaders(): Middleware {
  return async (ctx, next) => {
    ctx.set({
      'Content-Security-Policy': contentSecurityPolicy,
      'X-Frame-Options': 'DENY',
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
    })
    if (ctx.secure) ctx.set('Strict-Transport-Security', 'max-age=31536000; includeSubDomains')
    await next()
  }
}
