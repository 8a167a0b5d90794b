import { clientCredentialsGrant } from 'openid-client'
import { type Grant, scopeParameter } from './grant.ts'

/**
 * The client acts for itself, without a person (RFC 6749 §4.4, MCP extension oauth-client-credentials). It
 * proves who it is as it is registered: by secret, or by private_key_jwt.
 */
export function clientCredentials(): Grant {
  return {
    interactive: false,
    async obtain({ discovery: { resourceIndicator: resource }, scopes, connect }) {
      const { configuration, options } = await connect()
      return await clientCredentialsGrant(configuration, { resource, ...scopeParameter(scopes) }, options)
    },
  }
}
