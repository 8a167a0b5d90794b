import type { IdpProfile } from './idp-profiles/index.ts'

/** A variable that is missing. */
export interface MissingNeed {
  readonly variable: string
  /** Where its value is to be found. */
  readonly where: string
}

/** The programs that an identity provider's settings are for. */
export type NeedyProgram = 'resource-server' | 'client'

/** How tokens are validated there, when that is said: `auto` leaves it to the profile, which may leave it open, too. */
export function wantedValidation<Validation extends string>(
  given: Validation | undefined,
  { tokenValidation }: IdpProfile,
): Validation | IdpProfile['tokenValidation'] {
  return given === undefined || given === 'auto' ? tokenValidation : given
}

/**
 * What an identity provider needs and nobody can guess.
 * @param given the environment; empty variables count as absent
 * @returns every variable that is missing
 */
export function missingNeeds(
  profile: IdpProfile,
  program: NeedyProgram,
  given: Readonly<Record<string, unknown>>,
): readonly MissingNeed[] {
  const needs = program === 'client' ? profile.clientNeeds : profile.serverNeeds
  const isGiven = (variable: string) => given[variable] !== undefined && given[variable] !== ''
  const validation = isGiven('TOKEN_VALIDATION') ? String(given.TOKEN_VALIDATION) : undefined
  const introspects = wantedValidation(validation, profile) === 'introspection'
  return Object.entries(needs ?? {})
    .filter(([variable]) => !isGiven(variable))
    .filter(([variable]) => variable !== 'INTROSPECTION_ENDPOINT' || introspects)
    .map(([variable, where]) => ({ variable, where }))
}
