import { describeProfile, type IdpSettings } from '../config/index.ts'
import { printableLine } from '../runtime/printable.ts'
import { twoColumns } from '../runtime/wrap.ts'
import type { SignInStart } from './authorizer.ts'

const origins = {
  preregistered: 'registered by hand',
  'metadata-document': 'by its metadata document',
  dynamic: 'registered by itself',
} as const

/**
 * What the client found, in a few lines: who protects the MCP server, and what it will be asked for.
 * @param width of a line
 */
export function renderSignIn(
  { discovery, scopes, client }: SignInStart,
  { profile, omitResource, authorizationParameters }: IdpSettings,
  width: number,
): string {
  const { resource, resourceIndicator, issuer } = discovery
  const parameters = [
    ...(omitResource ? [] : [`resource=${resourceIndicator}`]),
    ...Object.entries(authorizationParameters).map(([name, value]) => `${name}=${value}`),
  ]
  const lines: readonly (readonly [string, string])[] = [
    ['server', resource],
    ['issuer', issuer],
    ['profile', describeProfile(profile)],
    ['client', `${client.clientId}, ${origins[client.registration.origin]}`],
    ['audience', parameters.join(' ') || 'what the scopes say'],
    ['scopes', scopes.join(' ') || 'none named'],
    ...profile.deviations.map(({ what }) => ['note', what] as const),
  ]
  return twoColumns(
    lines.map(([name, text]) => [name, printableLine(text)]),
    width,
  )
}
