import { clientCredentialsGrant } from 'openid-client'
import { resourceParameter, scopeParameter } from '../issuer-rules.ts'
import type { Grant } from './grant.ts'

/**
 * The client acts for itself, without a person (RFC 6749 §4.4, MCP extension oauth-client-credentials). It
 * proves who it is as it is registered: by secret, or by private_key_jwt.
 */
export function clientCredentials(): Grant {
  return {
    interactive: false,
    async obtain({ discovery, scopes, connect }) {
      const { configuration, options } = await connect()
      const parameters = { ...resourceParameter(discovery), ...scopeParameter(scopes, discovery.rules) }
      return await clientCredentialsGrant(configuration, parameters, options)
    },
  }
}
