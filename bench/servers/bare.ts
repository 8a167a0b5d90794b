import process from 'node:process'
import { loadConfig } from '../../config/index.ts'
import { exampleAuthInfo } from '../support/example-auth-info.ts'
import { serveDocuments } from './serve-documents.ts'

// The SDK's handler without a gate. Every caller is the same one, so that the tools do the same work.

const config = loadConfig(process.env, 'resource-server')
const authInfo = exampleAuthInfo('none', config)
await serveDocuments(config, (handler) => ({
  fetch: (request) => handler.fetch(request, { authInfo }),
}))
