import process from 'node:process'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { loadConfig } from '../../config/index.ts'
import { fetchIssuerMetadata } from '../../resource-server/auth/issuer-metadata.ts'
import { exampleAuthInfo } from '../support/example-auth-info.ts'
import { serveDocuments } from './serve-documents.ts'

// The SDK's handler after jose's verification of the token, and nothing else: the least that a JWT can cost.

const config = loadConfig(process.env, 'resource-server')
const { jwks_uri = '' } = await fetchIssuerMetadata(config.issuer, 5000)
const keys = createRemoteJWKSet(new URL(jwks_uri))
const expected = { issuer: config.issuer, audience: config.resource }
const authInfo = exampleAuthInfo('none', config)
await serveDocuments(config, (handler) => ({
  async fetch(request) {
    const token = request.headers.get('authorization')?.slice('Bearer '.length) ?? ''
    await jwtVerify(token, keys, expected)
    return handler.fetch(request, { authInfo })
  },
}))
