import { auth0 } from './auth0.ts'
import { bundled } from './bundled.ts'
import { entra } from './entra.ts'
import { generic } from './generic.ts'
import { glewlwyd } from './glewlwyd.ts'
import { google } from './google.ts'
import { hydra } from './hydra.ts'
import { keycloak } from './keycloak.ts'
import { okta } from './okta.ts'
import type { IdpProfile } from './profile.ts'

export { describeProfile } from './describe-profile.ts'
export type { Deviation, IdpProfile, MistakenIssuer, Proof, Remedies } from './profile.ts'

/** Every profile. The first whose pattern fits an issuer is its own. */
export const idpProfiles: readonly IdpProfile[] = [
  bundled,
  keycloak,
  okta,
  auth0,
  entra,
  google,
  hydra,
  glewlwyd,
  generic,
]

/** The values of IDP. */
export const idpNames: readonly string[] = idpProfiles.map(({ name }) => name)

/**
 * The profile of an issuer.
 * @param name the value of IDP; `auto` recognises it by the issuer's URL
 * @returns `generic` when nothing is known about it
 */
export function idpProfileOf(issuer: string, name = 'auto'): IdpProfile {
  const fits = ({ name: own, issuer: pattern }: IdpProfile) =>
    name === 'auto' ? pattern?.test(issuer) === true : own === name
  return idpProfiles.find(fits) ?? generic
}

/** @returns what is wrong with an issuer that cannot be used as it is written; undefined when nothing is */
export function mistakenIssuer(issuer: string): string | undefined {
  return idpProfiles.flatMap(({ mistaken = [] }) => mistaken).find(({ pattern }) => pattern.test(issuer))
    ?.problem
}
