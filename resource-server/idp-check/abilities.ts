import type { Choice } from '../auth/choose-verifier.ts'
import type { Described, Finding } from './finding.ts'

/** What the three programs do with an identity provider. */
export type AbilityName = 'login' | 'introspection' | 'jwt' | 'refresh' | 'revocation' | 'step-up'

/** Whether something will work, and how. */
export interface Ability {
  readonly name: AbilityName
  readonly works: boolean | 'perhaps'
  readonly why: string
}

/** What will and will not work, of everything that was found. */
export function judgeAbilities(
  { config, metadata }: Described,
  findings: readonly Finding[],
  validation: Choice | undefined,
): readonly Ability[] {
  const { profile, scopeTemplate } = config.idp
  const levelOf = (...about: readonly string[]) => {
    const levels = findings.filter((finding) => about.includes(finding.about)).map(({ level }) => level)
    return levels.includes('missing') ? 'missing' : levels.includes('warning') ? 'warning' : 'ok'
  }
  const works = (level: string) => (level === 'ok' ? true : level === 'warning' ? 'perhaps' : false)
  const isOk = (about: string) =>
    findings.some((finding) => finding.about === about && finding.level === 'ok')
  const found = (about: string) => findings.find((finding) => finding.about === about)?.found ?? ''

  const login = works(levelOf('endpoints', 'PKCE', 'iss', 'client', 'scopes', 'setting'))
  const introspects = isOk('introspection')
  const verifies = isOk('keys') && profile.accessTokens !== 'opaque'
  const hasRevocation = metadata.revocation_endpoint !== undefined
  const atOnce = (validation?.mode === 'introspection' && introspects) || isOk('tokeninfo')
  const stepsUp = scopeTemplate.includes('{scope}')
  return [
    {
      name: 'login',
      works: login,
      why: login === true ? 'authorization code with PKCE' : 'see what is said above',
    },
    {
      name: 'introspection',
      works: introspects,
      why: introspects
        ? 'revoked tokens are noticed'
        : isOk('tokeninfo')
          ? 'tokeninfo instead, which notices revoked tokens, too'
          : found('introspection'),
    },
    {
      name: 'jwt',
      works: verifies && (profile.accessTokens === 'jwt' || 'perhaps'),
      why: !verifies
        ? profile.accessTokens === 'opaque'
          ? 'its access tokens are opaque'
          : found('keys')
        : profile.accessTokens === 'jwt'
          ? 'TOKEN_VALIDATION=jwt: no request per token'
          : 'if its access tokens are JWTs: TOKEN_VALIDATION=jwt',
    },
    {
      name: 'refresh',
      works: isOk('refresh') || 'perhaps',
      why: found('refresh'),
    },
    {
      name: 'revocation',
      works: hasRevocation,
      why: !hasRevocation
        ? 'no endpoint'
        : atOnce
          ? `noticed after ${config.introspectionCacheSeconds} s at most`
          : 'access tokens live on to their exp',
    },
    {
      name: 'step-up',
      works: stepsUp && login,
      why: !stepsUp
        ? 'every sign-in asks for the same: another one brings no more'
        : login
          ? 'a tool that needs more asks for it'
          : 'as the login',
    },
  ]
}
