import Router from '@koa/router'
import type { Context } from 'koa'
import type { Interaction, InteractionResults, Provider } from 'oidc-provider'
import type { Parts } from '../parts.ts'
import { showConsent, submitConsent } from './consent.ts'
import { findInteraction, InvalidFormError } from './find-interaction.ts'
import type { FormTokens } from './form-token.ts'
import { showLogin, submitLogin } from './login.ts'
import { readForm } from './read-form.ts'
import { endOtherSession } from './switch-account.ts'

/** What the interactions need. */
export interface InteractionParts extends Parts {
  readonly provider: Provider
  readonly formTokens: FormTokens
}

const refusal: InteractionResults = {
  error: 'access_denied',
  error_description: 'the user did not allow the request',
}

/** Login and consent: one address per interaction, whose prompt decides which page it shows. */
export function interactionRoutes(parts: InteractionParts): Router {
  const { provider, formTokens } = parts
  const router = new Router()

  router.get('/interaction/:uid', async (ctx) => {
    const interaction = await findInteraction(ctx, provider)
    const show = interaction.prompt.name === 'login' ? showLogin : showConsent
    await show(ctx, parts, interaction, await findClient(interaction))
  })

  router.post('/interaction/:uid', async (ctx) => {
    const interaction = await findInteraction(ctx, provider)
    const form = await readForm(ctx)
    if (!formTokens.verify(interaction.uid, form.get('form_token') ?? '')) {
      throw new InvalidFormError('The form was not made for this sign-in.')
    }
    const result = await decide(ctx, interaction, form)
    if (!result) return
    const returnTo = await provider.interactionResult(ctx.req, ctx.res, result)
    // Never 307: the browser would send the password on (RFC 9700 §4.12).
    ctx.status = 303
    ctx.redirect(returnTo)
  })

  return router

  async function decide(
    ctx: Context,
    interaction: Interaction,
    form: URLSearchParams,
  ): Promise<InteractionResults | undefined> {
    const decision = form.get('decision')
    const client = await findClient(interaction)
    if (interaction.prompt.name === 'login') {
      if (decision === 'cancel') return refusal
      const result = await submitLogin(ctx, parts, interaction, client, form)
      if (result?.login) await endOtherSession(ctx, provider, interaction, result.login.accountId)
      return result
    }
    return (await submitConsent(ctx, parts, interaction, client, form)) ?? refusal
  }

  async function findClient({ params }: Interaction) {
    const client = await provider.Client.find(String(params.client_id))
    if (!client) throw new InvalidFormError('The application is no longer known here.')
    return client
  }
}
