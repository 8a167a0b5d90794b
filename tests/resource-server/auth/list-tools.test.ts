import { describe, expect, it } from '@jest/globals'
import { createMcpHandler, McpServer, requireScopes } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { anyToken, publicAccess, scopes } from '../../../resource-server/access.ts'
import { listTools, UnguardedToolError } from '../../../resource-server/auth/list-tools.ts'

const url = 'http://localhost:8000/mcp'
const text = { content: [{ type: 'text' as const, text: 'done' }] }
const input = { inputSchema: z.object({}) }

const listOf = (register: (server: McpServer) => void) =>
  listTools(
    createMcpHandler(() => {
      const server = new McpServer({ name: 'strange', version: '1' })
      register(server)
      return server
    }),
    url,
  )

/** A server that lists its tools in pages, as the protocol allows. */
function paged(pages: readonly (readonly unknown[])[]) {
  return {
    async fetch(_: Request, { parsedBody }: { parsedBody?: unknown } = {}) {
      const { params } = parsedBody as { params: { cursor?: string } }
      const page = Number(params.cursor ?? 0)
      const nextCursor = page + 1 < pages.length ? { nextCursor: String(page + 1) } : {}
      return Response.json({ jsonrpc: '2.0', id: 1, result: { tools: pages[page], ...nextCursor } })
    },
  }
}
const guarded = (name: string) => ({ name, _meta: { securitySchemes: [{ type: 'noauth' }] } })

describe('listTools', () => {
  it('names the tools of a server whose tools all say who may call them', async () => {
    const names = await listOf((server) => {
      server.registerTool('open', { ...input, ...publicAccess() }, () => text)
      server.registerTool('signed-in', { ...input, ...anyToken('read') }, () => text)
      server.registerTool('closed', { ...input, ...scopes('admin') }, () => text)
    })
    expect(names).toEqual(new Set(['open', 'signed-in', 'closed']))
  })

  it('35: refuses a server with tools that do not, and names them all', async () => {
    const outcome = listOf((server) => {
      server.registerTool('open', { ...input, ...publicAccess() }, () => text)
      server.registerTool('forgotten', input, () => text)
      server.registerTool('half', { ...input, scopeChallenge: requireScopes('admin') }, () => text)
    })
    await expect(outcome).rejects.toThrow(UnguardedToolError)
    await expect(outcome).rejects.toThrow(/forgotten, half.*scopes\(/)
  })

  it('takes a server without tools', async () => {
    expect(await listOf(() => {})).toEqual(new Set())
  })

  it('35: reads every page', async () => {
    expect(await listTools(paged([[guarded('a')], [guarded('b')], [guarded('c')]]), url)).toEqual(
      new Set(['a', 'b', 'c']),
    )
    await expect(listTools(paged([[guarded('a')], [{ name: 'b' }]]), url)).rejects.toThrow('b')
  })

  it('fails when the server does not list its tools', async () => {
    const broken = {
      fetch: async () => Response.json({ jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'broken' } }),
    }
    await expect(listTools(broken, url)).rejects.toThrow('broken')
  })
})
