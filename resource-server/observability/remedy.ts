import { decodeJwt } from 'jose'
import type { Config } from '../../config/index.ts'
import type { Decision } from '../auth/gate.ts'
import { IssuerDocumentError } from '../auth/issuer-metadata.ts'
import { CredentialsRefused } from '../auth/verdict.ts'
import { createIdpRemedy } from '../idp-remedy.ts'

/** Says what the operator can change where a refusal looks like a wrong setting; undefined where it does not. */
export type RemedyFor = (decision: Pick<Decision, 'denial' | 'request'>) => string | undefined

/** What can be changed so that the issuer's metadata is found; undefined when that was not the trouble. */
function mendMetadata(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  const failures: readonly unknown[] = cause instanceof AggregateError ? cause.errors : []
  return failures.flatMap((failure) => (failure instanceof IssuerDocumentError && failure.remedy) || [])[0]
}

const jwtShape = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** The longest word from outside that is repeated, in characters. */
const maxLength = 200

/** @returns advice in the words of the identity provider's own pages, for the log and never for the caller */
export function createRemedies(
  config: Pick<
    Config,
    'issuer' | 'resource' | 'resourceClient' | 'resourceClientKey' | 'acceptedAudiences' | 'idp'
  >,
): RemedyFor {
  const { issuer, resource, acceptedAudiences } = config
  const canIntrospect = config.resourceClient.secret !== undefined || config.resourceClientKey !== undefined
  const remedy = createIdpRemedy(config)
  const addAudience = remedy('audience', `have ${issuer} put ${resource} into aud, or set ACCEPTED_AUDIENCES`)
  const mendCredentials = remedy('credentials', `look up the client at ${issuer}`)

  return ({ denial, request }) => {
    if (denial?.kind === 'unavailable') {
      return denial.cause instanceof CredentialsRefused ? mendCredentials : mendMetadata(denial.cause)
    }
    if (denial?.kind !== 'invalid_token') return undefined
    const { refusal } = denial
    if (refusal.reason === 'not_yet_valid') {
      const seconds = Math.ceil(refusal.nbf - refusal.now)
      return `this machine’s clock is ${seconds} s behind that of ${issuer}: set it (timedatectl set-ntp true), or the other if that is wrong`
    }
    if (refusal.reason === 'signature' && refusal.detail === 'ERR_JWS_INVALID' && !canIntrospect) {
      return `the token is no JWT, and no other can be verified without asking ${issuer}: if its tokens are like that, set RESOURCE_CLIENT_ID and RESOURCE_CLIENT_SECRET, to introspect them`
    }
    const audience =
      refusal.reason === 'audience'
        ? refusal.audience
        : refusal.reason === 'inactive'
          ? claimedAudience(request)
          : undefined
    if (!audience || audience.some((value) => acceptedAudiences.includes(value))) return undefined
    const found = audience.join(' ').slice(0, maxLength) || 'nobody'
    return `the token is for ${found}, not for ${acceptedAudiences.join(' or ')}: ${addAudience}`
  }

  /** An issuer may call a token inactive because it is for somebody else. The token itself says so, and proves nothing. */
  function claimedAudience(request: Request): readonly string[] | undefined {
    const token = request.headers.get('authorization')?.replace(/^\S+ +/, '') ?? ''
    // What is no JWT costs no error: such tokens come in floods.
    if (!jwtShape.test(token)) return undefined
    try {
      const { iss, exp = 0, aud = [] } = decodeJwt(token)
      return iss === issuer && exp * 1000 > Date.now() ? [aud].flat() : undefined
    } catch {
      return undefined
    }
  }
}
