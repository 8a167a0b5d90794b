import type { IdpProfile } from './idp-profiles/index.ts'

/** A variable that is missing. */
export interface MissingNeed {
  readonly variable: string
  /** Where its value is to be found. */
  readonly where: string
}

/** The programs that an identity provider's settings are for. */
export type NeedyProgram = 'resource-server' | 'client'

/**
 * What an identity provider needs and nobody can guess.
 * @param given the environment; empty variables count as absent
 * @returns every variable that is missing
 */
export function missingNeeds(
  { serverNeeds, clientNeeds, tokenValidation }: IdpProfile,
  program: NeedyProgram,
  given: Readonly<Record<string, unknown>>,
): readonly MissingNeed[] {
  const needs = program === 'client' ? clientNeeds : serverNeeds
  const isGiven = (variable: string) => given[variable] !== undefined && given[variable] !== ''
  const introspects =
    (isGiven('TOKEN_VALIDATION') ? given.TOKEN_VALIDATION : tokenValidation) === 'introspection'
  return Object.entries(needs ?? {})
    .filter(([variable]) => !isGiven(variable))
    .filter(([variable]) => variable !== 'INTROSPECTION_ENDPOINT' || introspects)
    .map(([variable, where]) => ({ variable, where }))
}
