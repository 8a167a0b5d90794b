import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { Config } from '../../config/index.ts'
import { confirmCodePage, deviceDonePage, userCodePage } from '../views/device.ts'
import { sendErrorPage } from '../views/error.ts'
import { sendPage } from '../views/send-page.ts'
import { clientName } from './client-identity.ts'

/** oidc-provider's device flow (RFC 8628). */
export type DeviceFlow = NonNullable<NonNullable<Configuration['features']>['deviceFlow']>

/** Why a code did not do, by the name of the library's error. */
const problems: Record<string, string> = {
  NoCodeError: 'Enter the code first.',
  NotFoundError: 'There is no such code. Compare it with the one that the device shows.',
  ExpiredError: 'This code has expired. Let the device show a new one.',
  AlreadyUsedError: 'This code was used before. Let the device show a new one.',
}

/**
 * The device flow with pages of its own, none of which needs a script. Login and consent follow on the same
 * pages as for any other client.
 */
export function deviceFlow({ resource }: Pick<Config, 'resource'>): DeviceFlow {
  return {
    enabled: true,
    // Twenty consonants, eight times: 34 bits, typed on any keyboard, and no words come about (RFC 8628 §6.1).
    charset: 'base-20',
    mask: '****-****',
    // What a stranger's request says about itself would be no help to the person who judges it.
    deviceInfo: () => ({}),

    userCodeInputSource(ctx, _form, _out, error) {
      const { userCode, name = '' } = Object(error)
      if (name === 'AbortedError') {
        return sendPage(ctx, 200, deviceDonePage({ clientName: '', connected: false }))
      }
      const problem = problems[name]
      if (error && problem === undefined) {
        // The library has made a new form token, would save it in a session that may not exist, and fail.
        if (ctx.oidc.session) Object.assign(ctx.oidc.session, { touched: false })
        return sendErrorPage(ctx, describe(ctx, error))
      }
      const typed = typeof userCode === 'string' ? userCode : (ctx.state.userCode ?? '')
      sendPage(
        ctx,
        problem === undefined ? 200 : 422,
        userCodePage({ ...form(ctx), userCode: typed, problem }),
      )
    },

    userCodeConfirmSource(ctx, _form, client, _deviceInfo, userCode) {
      const view = { ...form(ctx), userCode, clientName: clientName(client), resource }
      sendPage(ctx, 200, confirmCodePage(view))
    },

    successSource(ctx) {
      const { client } = ctx.oidc
      const name = client ? clientName(client) : ''
      sendPage(ctx, 200, deviceDonePage({ clientName: name, connected: true }))
    },
  }
}

/** Where the page's form goes, and the session's form token. */
function form({ oidc }: KoaContextWithOIDC): { action: string; xsrf: string } {
  const { secret = '' } = Object(oidc.session?.state)
  return { action: new URL(oidc.urlFor('code_verification')).pathname, xsrf: String(secret) }
}

/** What cannot be mended by typing the code again. A lost session or form token means an old page. */
function describe(ctx: KoaContextWithOIDC, error: Error) {
  const { error: code = 'server_error', error_description: description } = Object(error)
  if (ctx.status >= 500) return { error: 'server_error' }
  return { error: code === 'invalid_request' ? 'interaction_ended' : code, description }
}
