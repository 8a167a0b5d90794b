import type { Interaction, InteractionResults } from 'oidc-provider'

/**
 * Writes down how an interaction ended. oidc-provider's `interactionResult` does the same, and finds and verifies
 * everything again before, which `findInteraction` has just done.
 * @returns where the browser goes on
 */
export async function finishInteraction(
  interaction: Interaction,
  result: InteractionResults,
): Promise<string> {
  // A consent goes on from the login that it followed.
  interaction.result = 'error' in result ? result : { ...interaction.lastSubmission, ...result }
  await interaction.save(interaction.exp - Math.floor(Date.now() / 1000))
  return interaction.returnTo
}
