import type { Config } from '../../config/index.ts'
import { withoutFalseLists } from '../../runtime/false-lists.ts'
import type { Choice } from '../auth/choose-verifier.ts'
import type { IntrospectionClient } from '../auth/introspection.ts'
import { createIdpRemedy } from '../idp-remedy.ts'
import { type Ability, judgeAbilities } from './abilities.ts'
import { checkCertificate } from './certificate.ts'
import { checkClock } from './clock.ts'
import { checkDocuments, loadDocuments } from './documents.ts'
import { checkEndpoints, checkPkce, checkResponseIssuer } from './endpoints.ts'
import type { Described, Finding, Subject } from './finding.ts'
import { checkIntrospection, chooseValidation } from './introspection.ts'
import { checkKeys } from './keys.ts'
import { checkAudience, checkRefresh, checkRevocation, checkScopes } from './permissions.ts'
import { checkRegistration } from './registration.ts'
import { checkSettings } from './settings.ts'

/** What is known of an identity provider before anyone logs in. */
export interface Report {
  readonly findings: readonly Finding[]
  /** Empty when there is no metadata to judge by. */
  readonly abilities: readonly Ability[]
  /** How the MCP server would validate tokens. */
  readonly validation: Choice | undefined
  /** True when nothing is missing that the programs cannot do without. */
  readonly works: boolean
}

/** What {@link checkIdp} is told. */
export interface CheckOptions {
  readonly config: Config
  /** The environment that `config` is made from. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** How the MCP server authenticates to the issuer. */
  readonly client: IntrospectionClient
  /** For each request. Default 5000. */
  readonly timeoutMs?: number
}

/** Examines the issuer, as far as that can be done without anybody signing in. */
export async function checkIdp(options: CheckOptions): Promise<Report> {
  const subject = createSubject(options)
  const documents = await loadDocuments(subject)
  const first = checkDocuments(subject, documents)
  const settings = checkSettings(subject)
  const metadata = documents.find((document) => document.metadata)?.metadata
  if (!metadata || first.some(({ level }) => level === 'missing')) {
    return { findings: [...first, ...settings], abilities: [], validation: undefined, works: false }
  }
  const described: Described = { ...subject, metadata: withoutFalseLists(metadata), documents }
  const endpoints = checkEndpoints(described)
  // No secret goes to an endpoint that clients refuse.
  const isSafe = endpoints.level !== 'missing'
  const [certificate, registration, introspection, keys, validation] = await Promise.all([
    checkCertificate(described),
    isSafe ? checkRegistration(described) : [],
    checkIntrospection(described),
    checkKeys(described),
    chooseValidation(described),
  ])
  const findings = [
    ...first,
    certificate,
    checkClock(described),
    endpoints,
    checkPkce(described),
    checkResponseIssuer(described),
    ...registration,
    introspection,
    keys,
    checkScopes(described),
    checkAudience(described),
    checkRefresh(described),
    checkRevocation(described),
    ...settings,
  ]
  return {
    findings,
    abilities: judgeAbilities(described, findings, validation),
    validation,
    works: !findings.some(({ level }) => level === 'missing'),
  }
}

/**
 * What the MCP server itself depends on, for its start: the documents, its credentials, the keys and the clock.
 * @returns only what is wrong
 */
export async function findServerProblems(options: CheckOptions): Promise<readonly Finding[]> {
  const subject = createSubject(options)
  const documents = await loadDocuments(subject)
  const first = checkDocuments(subject, documents)
  const metadata = documents.find((document) => document.metadata)?.metadata
  const described: Described | undefined = metadata && { ...subject, metadata, documents }
  const rest = described
    ? [checkClock(described), ...(await Promise.all([checkIntrospection(described), checkKeys(described)]))]
    : []
  return [...first, ...rest].filter(({ level }) => level === 'missing' || level === 'warning')
}

function createSubject({ timeoutMs = 5000, ...options }: CheckOptions): Subject {
  return { ...options, remedy: createIdpRemedy(options.config), timeoutMs }
}
