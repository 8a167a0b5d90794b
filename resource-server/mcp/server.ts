import { McpServer, type McpServerFactory } from '@modelcontextprotocol/server'
import { callerOf } from './caller.ts'
import { registerDocumentResources } from './document-resources.ts'
import type { ToolContext } from './tool.ts'
import { tools } from './tools/index.ts'

/** This server's name and version, as MCP clients see them. */
export const implementation = { name: 'gatehouse', title: 'Gatehouse document server', version: '0.1.0' }

const instructions =
  'A document server. Anyone may call public_info; the other tools need an access token, ' +
  'each with the scopes in its _meta.securitySchemes.'

/**
 * Makes what the SDK calls for every request: a server that knows its caller.
 * The tools carry their own scopes, so this holds no policy.
 */
export function createServerFactory(context: ToolContext): McpServerFactory {
  return ({ authInfo }) => {
    const caller = authInfo && callerOf(authInfo)
    const server = new McpServer(implementation, { instructions })
    for (const tool of tools) tool.register(server, caller, context)
    registerDocumentResources(server, caller, context.documents)
    return server
  }
}
