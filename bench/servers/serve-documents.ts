import { createServer, type RequestListener } from 'node:http'
import { type FetchLikeMcpHandler, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import type { Config } from '../../config/index.ts'
import { createDocuments } from '../../resource-server/mcp/documents.ts'
import { createPrincipals } from '../../resource-server/mcp/principals.ts'
import { createServerFactory } from '../../resource-server/mcp/server.ts'
import { listen } from '../../runtime/listen.ts'

/**
 * Serves this project's tools by the SDK's own handler and adapter on node:http.
 * @param before makes of that handler the one that is served
 */
export async function serveDocuments(
  config: Config,
  before: (handler: FetchLikeMcpHandler) => FetchLikeMcpHandler,
): Promise<void> {
  const { issuer, resource } = config
  const status = { uptimeSeconds: 0, tokenValidation: 'none', cacheHits: 0, introspections: 0, refusals: 0 }
  const factory = createServerFactory({
    documents: createDocuments(),
    principals: createPrincipals(),
    issuer,
    resource,
    status: () => status,
  })
  const listener = toNodeHandler(before(createMcpHandler(factory))) as RequestListener
  await listen(createServer(listener), config)
}
