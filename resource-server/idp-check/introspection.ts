import { type Choice, chooseVerifier } from '../auth/choose-verifier.ts'
import { isSecureUrl } from '../auth/secure-url.ts'
import { CredentialsRefused, type Verdict } from '../auth/verdict.ts'
import { type Described, type Finding, missing, note, ok, warning } from './finding.ts'

/** A token that no issuer has ever issued. */
const madeUpToken = 'gatehouse-idp-check-made-up-token'

/** How the MCP server would validate tokens; undefined when it cannot. */
export async function chooseValidation(described: Described): Promise<Choice | undefined> {
  try {
    return await verifierFor(described, described.config.tokenValidation).choice()
  } catch {
    return undefined
  }
}

function verifierFor({ config, client, timeoutMs }: Described, mode: Described['config']['tokenValidation']) {
  return chooseVerifier({ ...config, mode, client, timeoutMs })
}

/** Introspects a made-up token with the MCP server's own credentials: the answer must be that it is not active. */
export async function checkIntrospection(described: Described): Promise<Finding> {
  const { config, client, metadata, remedy } = described
  const { issuer, tokenValidation, resourceClientKey } = config
  if (tokenValidation === 'tokeninfo') return await checkTokenInfo(described)
  const required = tokenValidation === 'introspection'
  const absent = required ? missing : note
  const endpoint = config.introspectionEndpoint ?? metadata.introspection_endpoint
  if (endpoint === undefined) {
    if (tokenValidation === 'jwt') return note('introspection', 'the issuer offers none, and none is needed')
    const change = required
      ? 'unset TOKEN_VALIDATION, or name the endpoint in INTROSPECTION_ENDPOINT'
      : 'if it has one that it does not list: INTROSPECTION_ENDPOINT'
    return absent('introspection', 'the issuer offers none', change)
  }
  if (client.secret === undefined && client.privateKey === undefined) {
    const change = `set RESOURCE_CLIENT_ID and RESOURCE_CLIENT_SECRET: ${remedy('credentials', `a confidential client at ${issuer}`)}`
    return absent('introspection', 'there are no credentials to introspect with', change)
  }
  const judge = tokenValidation === 'jwt' ? warning : missing
  // A configured endpoint is known to be safe. No secret goes to another one that is not.
  if (config.introspectionEndpoint === undefined && !isSecureUrl(endpoint, issuer)) {
    const change = 'set the public https address at the identity provider, or INTROSPECTION_ENDPOINT'
    return judge(
      'introspection',
      `the endpoint is ${JSON.stringify(endpoint)}, which is no https address`,
      change,
    )
  }
  const secret = resourceClientKey === undefined ? 'RESOURCE_CLIENT_SECRET' : 'RESOURCE_CLIENT_KEY'
  let verdict: Verdict
  try {
    verdict = await verifierFor(described, 'introspection').verify(madeUpToken)
  } catch (error) {
    if (error instanceof CredentialsRefused) {
      const change = remedy('credentials', `look up the client at ${issuer}`)
      return judge('introspection', `${client.id} is refused: wrong RESOURCE_CLIENT_ID or ${secret}`, change)
    }
    const change = `see whether ${endpoint} is the endpoint, and what its log says`
    return judge('introspection', `no answer that can be used (${reasonOf(error)})`, change)
  }
  if (verdict.refusal?.reason !== 'inactive') {
    return missing(
      'introspection',
      'a made-up token is called active',
      `${endpoint} is no introspection endpoint: correct INTROSPECTION_ENDPOINT`,
    )
  }
  const own = config.idp.profile.introspectsAsResource === true && client.id !== config.resource
  if (own && !config.acceptedAudiences.includes(client.id)) {
    return warning(
      'introspection',
      `it answers ${client.id}, but calls tokens inactive for clients outside their audience`,
      `set RESOURCE_CLIENT_ID=${config.resource}, or have ${client.id} in aud as well`,
    )
  }
  return ok('introspection', `${client.id} is let in; a made-up token is not active`)
}

/** The same by tokeninfo, which needs no credentials. */
async function checkTokenInfo(described: Described): Promise<Finding> {
  const change = 'see whether this machine reaches it, and INTROSPECTION_ENDPOINT where that is set'
  try {
    const { refusal } = await verifierFor(described, 'tokeninfo').verify(madeUpToken)
    if (refusal?.reason === 'inactive') return ok('tokeninfo', 'a made-up token is not known to it')
    return missing('tokeninfo', 'a made-up token is not refused', change)
  } catch (error) {
    return missing('tokeninfo', `no answer that can be used (${reasonOf(error)})`, change)
  }
}

/** The innermost reason: what the libraries say around it is the same each time. */
export function reasonOf(error: unknown): string {
  const { message, cause } = Object(error) as { message?: string; cause?: unknown }
  return cause instanceof Error ? reasonOf(cause) : String(message ?? error)
}
