import { describe, expect, it } from '@jest/globals'
import Koa from 'koa'
import { styleHash } from '../../runtime/html.ts'
import { securityHeaders } from '../../runtime/security-headers.ts'
import { openServer } from '../support/http-server.ts'

async function headersOf(headers: Record<string, string> = {}, fail = false): Promise<Headers> {
  const app = new Koa({ proxy: true })
  app.silent = true
  app.use(securityHeaders())
  app.use((ctx) => {
    if (fail) ctx.status = 500
    ctx.body = 'there'
  })
  const server = await openServer(app.callback())
  const response = await fetch(server.origin, { headers })
  await response.text()
  await server.close()
  return response.headers
}

describe('the security headers', () => {
  it.each([false, true])('10: forbid framing, scripts, sniffing and referrers (failed: %s)', async (fail) => {
    const headers = await headersOf({}, fail)
    const policy = headers.get('content-security-policy')?.split('; ')
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        `style-src ${styleHash}`,
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ]),
    )
    expect(policy?.join()).not.toMatch(/unsafe-|\*|form-action/)
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    })
  })

  it('ask for https from then on where it is in use, and only there', async () => {
    expect((await headersOf({ 'x-forwarded-proto': 'https' })).get('strict-transport-security')).toMatch(
      /^max-age=31536000/,
    )
    expect((await headersOf()).has('strict-transport-security')).toBe(false)
  })
})
