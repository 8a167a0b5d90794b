import { type Described, type Finding, missing, note, ok, warning } from './finding.ts'
import { isClientKnown, isRegistrationOpen } from './probes.ts'

/** How clients get to be known there, in MCP's order: by hand, by metadata document, dynamically. */
export async function checkRegistration(described: Described): Promise<readonly Finding[]> {
  const { metadata, timeoutMs } = described
  const byDocument = metadata.client_id_metadata_document_supported === true
  const dynamic =
    metadata.registration_endpoint === undefined ? undefined : await isRegistrationOpen(metadata, timeoutMs)
  const said = dynamic?.said ?? ''
  const ways = [
    byDocument ? 'by metadata document' : 'no metadata documents',
    dynamic === undefined
      ? 'no dynamic registration'
      : dynamic.yes === undefined
        ? `dynamic registration perhaps (${said})`
        : `dynamic registration ${dynamic.yes ? 'open' : `closed (${said})`}`,
  ]
  const self = byDocument || dynamic?.yes === true
  const findings = [await checkClient(described, self), note('programs', ways.join(', '))]
  const { leftBehind } = dynamic ?? {}
  if (leftBehind === undefined) return findings
  const found = `the check registered a client that it could not delete: ${leftBehind}`
  return [...findings, warning('programs', found, 'delete that client at the identity provider')]
}

/**
 * The client that people will sign in with.
 * @param registersItself whether one without CLIENT_ID can do without, too
 */
async function checkClient(
  { config, env, metadata, remedy, timeoutMs }: Described,
  registersItself: boolean,
) {
  const { issuer, client, idp } = config
  const { profile } = idp
  const change = remedy(
    'client',
    `register a public client at ${issuer} with the redirect URI {redirectUri}, and set CLIENT_ID`,
  )
  const isSet = Boolean(env.CLIENT_ID)
  if (!isSet && !profile.knowsTestClient && profile.clientNeeds?.CLIENT_ID !== undefined) {
    // What is needed is said with the other settings.
    return note('client', 'CLIENT_ID is not set')
  }
  const { yes, said } = await isClientKnown(metadata, client, timeoutMs)
  const origin = isSet ? client.id : `${client.id}, for CLIENT_ID is not set`
  if (yes === true) return ok('client', `${origin}: known there`)
  if (yes === undefined)
    return warning('client', `${origin}: known there or not, it says ${said}`, `if not: ${change}`)
  if (!isSet && registersItself) {
    return note('client', `${origin}: not known there; npm run client without ISSUER registers itself`)
  }
  const secret = client.secret === undefined ? '' : ', or CLIENT_SECRET is wrong'
  return missing('client', `${origin}: not known there (${said})${secret}`, change)
}
