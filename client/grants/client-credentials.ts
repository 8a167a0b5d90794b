import { clientCredentialsGrant } from 'openid-client'
import { resourceParameter } from '../issuer-rules.ts'
import { type Grant, scopeParameter } from './grant.ts'

/**
 * The client acts for itself, without a person (RFC 6749 §4.4, MCP extension oauth-client-credentials). It
 * proves who it is as it is registered: by secret, or by private_key_jwt.
 */
export function clientCredentials(): Grant {
  return {
    interactive: false,
    async obtain({ discovery, scopes, connect }) {
      const { configuration, options } = await connect()
      const parameters = { ...resourceParameter(discovery), ...scopeParameter(scopes) }
      return await clientCredentialsGrant(configuration, parameters, options)
    },
  }
}
