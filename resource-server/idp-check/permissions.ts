import { resourceScopeNames } from '../../config/index.ts'
import { wireScopes } from '../auth/wire-scopes.ts'
import { type Described, type Finding, missing, note, ok, warning } from './finding.ts'

/** The scopes that the client will ask for, and whether the issuer lists them (RFC 8414 §2). */
export function checkScopes({ config, metadata, remedy }: Described): Finding {
  const { scopeTemplate, profile } = config.idp
  const wanted = wireScopes(resourceScopeNames, scopeTemplate)
  const listed = metadata.scopes_supported
  const lacking = wanted.filter((scope) => listed?.includes(scope) !== true)
  if (lacking.length === 0) return ok('scopes', wanted.join(', '))
  const change = remedy(
    'scopes',
    `add ${lacking.join(', ')} at ${profile.title}, or translate its own words: SCOPE_MAP and SCOPE_TEMPLATE`,
    lacking,
  )
  if (profile.listsScopes === true) return missing('scopes', `${lacking.join(', ')}: not known there`, change)
  if (profile.listsScopes === false) {
    return note(
      'scopes',
      `${wanted.join(', ')}, which ${profile.title} never lists`,
      `if not there: ${change}`,
    )
  }
  const why = listed === undefined ? 'lists no scopes' : `does not list ${lacking.join(', ')}`
  return warning('scopes', `the issuer ${why}: it may have them nevertheless`, `if not: ${change}`)
}

/** Whom tokens must be for. Nobody can see that before there is a token. */
export function checkAudience({ config, remedy }: Described): Finding {
  const { acceptedAudiences, issuer, resource } = config
  const change = remedy('audience', `have ${issuer} put ${resource} into aud, or set ACCEPTED_AUDIENCES`)
  return note('audience', `tokens must have ${acceptedAudiences.join(' or ')} in aud`, `if not: ${change}`)
}

/** Whether people stay signed in. */
export function checkRefresh({ config: { idp }, metadata, remedy }: Described): Finding {
  if (idp.profile.refreshesUnlisted) return ok('refresh', `not listed, and there with ${idp.profile.title}`)
  const change = remedy('refresh', 'allow refresh tokens for the client at the identity provider')
  const asked = idp.authorizationParameters.access_type === 'offline'
  if (metadata.grant_types_supported?.includes('refresh_token') === false) {
    // Not the last word: some give refresh tokens and list the grant under a name of their own, or not at all.
    return note('refresh', 'the grant refresh_token is not listed', `if people must sign in again: ${change}`)
  }
  if (metadata.scopes_supported?.includes('offline_access')) return ok('refresh', 'by offline_access')
  if (asked) return ok('refresh', 'by access_type=offline')
  return note(
    'refresh',
    'offline_access is not listed: the client’s settings there decide',
    `if people must sign in again: ${change}`,
  )
}

/** Whether signing out ends tokens at once (RFC 7009). */
export function checkRevocation({ metadata }: Described): Finding {
  return metadata.revocation_endpoint === undefined
    ? note('revocation', 'no endpoint: signing out forgets tokens, which live on to their end')
    : ok('revocation', 'has an endpoint: signing out ends tokens')
}
