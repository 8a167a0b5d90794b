import type { Context, Middleware } from 'koa'
import type { AddressOf } from '../runtime/address-of.ts'
import { networkOf } from '../runtime/networks-of.ts'
import type { Audit } from './observability/audit.ts'
import type { Storage } from './storage/storage.ts'
import { LimitReachedError, takePoint } from './take-point.ts'

/** How often a device may ask whether its code was entered, in seconds (RFC 8628 §3.2). */
const pollIntervalSeconds = 5

/** What the device flow's limits need. */
export interface DeviceEndpointParts {
  readonly addressOf: AddressOf
  readonly audit: Audit
  readonly storage: Pick<Storage, 'createLimiter'>
}

/**
 * What oidc-provider's device flow leaves open (RFC 8628): a code that comes with the link is shown in the form
 * instead of being submitted by a script (§3.3.1); codes cannot be guessed at will (§5.1); devices are told how
 * often to ask, and to slow down when they ask more often (§3.5).
 */
export function deviceEndpoints({ addressOf, audit, storage }: DeviceEndpointParts): Middleware {
  const ofAddress = storage.createLimiter('user-code-address', { points: 30, seconds: 600 })
  const ofSession = storage.createLimiter('user-code-session', { points: 15, seconds: 600 })
  // One more than fits: a poll that comes a little early is no offence.
  const polls = storage.createLimiter('device-poll', { points: 2, seconds: pollIntervalSeconds })

  async function countAttempt(ctx: Context, address: string): Promise<void> {
    const problem = 'Too many codes were entered. Wait some minutes, then try again.'
    await takePoint(ctx, ofAddress, networkOf(address), problem)
    const session = ctx.cookies.get('gatehouse_session')
    if (session) await takePoint(ctx, ofSession, session, problem)
  }

  async function slowDown(ctx: Context): Promise<void> {
    const { device_code: deviceCode } = ctx.oidc.params
    const body = { error: 'slow_down', error_description: `ask every ${pollIntervalSeconds} seconds at most` }
    await takePoint(ctx, polls, String(deviceCode), body.error_description).catch((error) => {
      if (!(error instanceof LimitReachedError)) throw error
      ctx.body = body
    })
  }

  return async (ctx, next) => {
    if (ctx.path === '/device' && ctx.method === 'POST') {
      const address = addressOf(ctx.req)
      await countAttempt(ctx, address).catch((error) => {
        if (error instanceof LimitReachedError) audit({ event: 'rate_limited', route: 'device', address })
        throw error
      })
    }
    if (ctx.path === '/device' && ctx.method === 'GET') {
      ctx.state.userCode = new URLSearchParams(ctx.querystring).get('user_code')?.slice(0, 40)
      ctx.querystring = ''
    }
    await next()
    const { route } = ctx.oidc ?? {}
    if (route === 'device_authorization' && ctx.status === 200) {
      Object(ctx.body).interval = pollIntervalSeconds
    }
    if (route === 'token' && Object(ctx.body).error === 'authorization_pending') await slowDown(ctx)
  }
}
