import { type AuthInfo, McpServer, type McpServerFactory } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { type Access, type Guard, guard } from '../../resource-server/access.ts'

/** Something of the stranger's server that is protected, and how to ask for it. */
export interface ProtectedTarget {
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  /** The scopes that it needs; none means that any valid token will do. */
  readonly needs: readonly string[]
}

const call = (name: string, needs: readonly string[]): ProtectedTarget => ({
  method: 'tools/call',
  params: { name, arguments: { text: 'x' } },
  needs,
})

/** Everything of the stranger's server that must not run for everyone. */
export const protectedTargets: readonly ProtectedTarget[] = [
  call('signed_in', []),
  call('reader', ['read']),
  call('editor', ['read', 'write']),
  call('boss', ['admin']),
  { method: 'resources/read', params: { uri: 'secret://plan' }, needs: ['read'] },
  { method: 'resources/read', params: { uri: 'file://any/thing' }, needs: ['admin'] },
  { method: 'prompts/get', params: { name: 'draft', arguments: {} }, needs: ['write'] },
]

/** A protected handler that ran. */
export interface Run {
  readonly needs: readonly string[]
  readonly authInfo: AuthInfo | undefined
}

/**
 * An MCP server that was not written here, as `protectMcp` takes it. One public tool, and every kind of protected thing.
 * @param ran told whenever a protected handler runs
 * @param protect how each thing is guarded. Default: this project's own guard
 */
export function createStrangersServer(
  ran: (run: Run) => void,
  protect: (access: Access) => Guard = guard,
): McpServerFactory {
  const note = (needs: readonly string[], http: { authInfo?: AuthInfo } | undefined) =>
    ran({ needs, authInfo: http?.authInfo })
  const inputSchema = z.object({ text: z.string().optional() })

  return () => {
    const server = new McpServer({ name: 'strange', version: '1.0.0' })
    server.registerTool('open', { inputSchema, ...protect('public') }, () => ({
      content: [{ type: 'text', text: 'open' }],
    }))
    for (const { method, params, needs } of protectedTargets) {
      if (method !== 'tools/call') continue
      const access = protect({ scopes: needs })
      server.registerTool(String(params.name), { inputSchema, ...access }, (_, { http }) => {
        note(needs, http)
        return { content: [{ type: 'text', text: 'done' }] }
      })
    }
    server.registerResource(
      'plan',
      'secret://plan',
      { ...protect({ scopes: ['read'] }) },
      (uri, { http }) => {
        note(['read'], http)
        return { contents: [{ uri: uri.href, text: 'the plan' }] }
      },
    )
    server.registerResource(
      'file',
      'file://any/thing',
      { ...protect({ scopes: ['admin'] }) },
      (uri, { http }) => {
        note(['admin'], http)
        return { contents: [{ uri: uri.href, text: 'a file' }] }
      },
    )
    server.registerPrompt('draft', { ...protect({ scopes: ['write'] }) }, ({ http }) => {
      note(['write'], http)
      return { messages: [{ role: 'user', content: { type: 'text', text: 'Write.' } }] }
    })
    return server
  }
}
