import { type Config, type IdpProfile, redirectUri } from '../config/index.ts'

/** What at the identity provider can have to be changed. */
export type Remediable = keyof NonNullable<IdpProfile['remedies']>

/** Says where to change it, in the words of the identity provider's own pages; `otherwise` where nobody knows them. */
export type IdpRemedy = (what: Remediable, otherwise: string, scopes?: readonly string[]) => string

/** The remedies of an identity provider's profile, with this MCP server's values in them. */
export function createIdpRemedy({
  resource,
  resourceClient,
  idp,
}: Pick<Config, 'resource' | 'resourceClient' | 'idp'>): IdpRemedy {
  return (what, otherwise, scopes = []) =>
    (idp.profile.remedies?.[what] ?? otherwise)
      .replaceAll('{resource}', resource)
      .replaceAll('{client}', resourceClient.id)
      .replaceAll('{redirectUri}', redirectUri(idp))
      .replaceAll('{scope}', scopes.join(', '))
}
