import { describeProfile, resourceScopeNames } from '../config/index.ts'
import { operationsUrl } from '../runtime/operations-server.ts'
import { printableLine } from '../runtime/printable.ts'
import { twoColumns } from '../runtime/wrap.ts'
import { type CheckOptions, findServerProblems } from './idp-check/check-idp.ts'
import type { ProtectedMcp } from './protect.ts'

/**
 * What the MCP server says at its start: where it is, what it found at its issuer, and what is wrong there.
 * @param options.width of a line
 */
export async function loadBanner(
  mcp: Pick<ProtectedMcp, 'validation'>,
  { width, ...options }: Omit<CheckOptions, 'timeoutMs'> & { readonly width: number },
): Promise<string> {
  const { config } = options
  const { issuer, idp, resource, acceptedAudiences, introspectionCacheSeconds } = config
  const operations = operationsUrl(config)
  const { profile, scopeTemplate } = idp
  const [choice, found] = await Promise.all([
    mcp.validation().catch(() => undefined),
    findServerProblems({ ...options, timeoutMs: 1500 }),
  ])
  const problems = found.map(({ found, change = '' }) => ({
    found: printableLine(found),
    change: printableLine(change),
  }))
  const unknown = choice === undefined ? problems.shift() : undefined
  const asked = scopeTemplate === '{scope}' ? '' : `, asked for as ${scopeTemplate}`
  const lines: readonly (readonly [string, string])[] = [
    ['endpoint', resource],
    ['page', `${new URL(resource).origin}/`],
    ['issuer', issuer],
    ['profile', describeProfile(profile)],
    [
      'validation',
      choice
        ? `${choice.mode}: ${choice.reason}`
        : `not known yet: ${unknown ? unknown.found : `${issuer} does not answer`}`,
    ],
    ...(unknown ? [['', `→ ${unknown.change}`] as const] : []),
    ['audience', acceptedAudiences.join(', ')],
    ['scopes', `${resourceScopeNames.join(', ')}${asked}`],
    ['believed', `for ${introspectionCacheSeconds} s: a revoked token works that much longer at most`],
    ...(operations === undefined
      ? []
      : [['operations', `${operations}/metrics, /healthz, /readyz`] as const]),
    ...profile.deviations.map(({ what }) => ['note', what] as const),
    ...problems.flatMap(({ found, change }) => [['problem', found] as const, ['', `→ ${change}`] as const]),
  ]
  const more = found.length === 0 ? '' : 'All that can be seen of the issuer: npm run idp:check\n'
  return `Gatehouse MCP server
${twoColumns(lines, width)}
${more}Ctrl-C stops it. Next, in another terminal: npm run client
`
}
