import process from 'node:process'
import { OAuthError, OAuthErrorCode, requireBearerAuth } from '@modelcontextprotocol/server'
import { loadConfig } from '../../config/index.ts'
import { createIntrospectionVerifier } from '../../resource-server/auth/introspection.ts'
import { fetchIssuerMetadata, once } from '../../resource-server/auth/issuer-metadata.ts'
import { serveDocuments } from './serve-documents.ts'

// The SDK's handler behind the SDK's own requireBearerAuth, with a verifier that introspects at each call.

const config = loadConfig(process.env, 'resource-server')
const introspection = createIntrospectionVerifier({
  ...config,
  metadata: once(() => fetchIssuerMetadata(config.issuer, 5000)),
  client: config.resourceClient,
})
const authenticate = requireBearerAuth({
  verifier: {
    async verifyAccessToken(token) {
      const { authInfo } = await introspection.verify(token)
      if (!authInfo) throw new OAuthError(OAuthErrorCode.InvalidToken, 'The token is refused')
      return authInfo
    },
  },
  expectedResource: new URL(config.resource),
})
await serveDocuments(config, (handler) => ({
  async fetch(request) {
    const authInfo = await authenticate(request)
    return authInfo instanceof Response ? authInfo : handler.fetch(request, { authInfo })
  },
}))
