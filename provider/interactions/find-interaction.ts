import type { Context } from 'koa'
import { errors, type Interaction, type Provider } from 'oidc-provider'

/** A page or form that cannot be used: expired, used before, or another browser's. Nothing was changed. */
export class InvalidFormError extends Error {
  override readonly name = 'InvalidFormError'
  readonly error = 'interaction_ended'
  readonly status = 403
  readonly expose = true
}

/**
 * Finds the interaction that the address names, in the browser that it was started in: the library looks
 * at the cookie alone, and a second tab's cookie would be taken for the first tab's page.
 * @throws InvalidFormError when there is none
 */
export async function findInteraction(ctx: Context, provider: Provider): Promise<Interaction> {
  const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch((cause: unknown) => {
    if (cause instanceof errors.SessionNotFound)
      throw new InvalidFormError('The sign-in has ended.', { cause })
    throw cause
  })
  if (interaction.uid !== ctx.params.uid) throw new InvalidFormError('Another sign-in has been started.')
  return interaction
}
