import { genericGrantRequest } from 'openid-client'
import { loadAuthorizationServer, refusal } from '../authorization-server-metadata.ts'
import { type ClientAuthentication, createConfiguration } from '../client-authentication.ts'
import { type Grant, scopeParameter } from './grant.ts'
import { type AssertionRequest, jwtBearer } from './jwt-bearer.ts'

/** The enterprise's identity provider, at which the user has signed in already. */
export interface EnterpriseManagedOptions {
  readonly idpIssuer: string
  /** The client's registration there, which is another than at the MCP server's authorization server. */
  readonly idpClient: ClientAuthentication
  /** The user's ID token of that identity provider. */
  readonly idToken: () => Promise<string>
}

/**
 * Enterprise-managed authorization (MCP extension, draft-ietf-oauth-identity-assertion-authz-grant): the
 * identity provider exchanges the user's ID token for an assertion that the MCP server's authorization
 * server accepts (ID-JAG), so that the enterprise decides and the user is asked nothing.
 */
export function enterpriseManaged(options: EnterpriseManagedOptions): Grant {
  return jwtBearer({ assertion: (request) => exchange(options, request) })
}

const idJag = 'urn:ietf:params:oauth:token-type:id-jag'

/** RFC 8693. */
async function exchange(
  { idpIssuer, idpClient, idToken }: EnterpriseManagedOptions,
  { discovery, scopes, fetch }: AssertionRequest,
): Promise<string> {
  const idp = await loadAuthorizationServer(idpIssuer, fetch)
  const answer = await genericGrantRequest(
    createConfiguration(idp, idpClient, fetch),
    'urn:ietf:params:oauth:grant-type:token-exchange',
    {
      requested_token_type: idJag,
      subject_token: await idToken(),
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      audience: discovery.issuer,
      resource: discovery.resourceIndicator,
      ...scopeParameter(scopes),
    },
  )
  if (answer.issued_token_type !== idJag) throw refusal(idpIssuer, 'did not issue an ID-JAG')
  return answer.access_token
}
