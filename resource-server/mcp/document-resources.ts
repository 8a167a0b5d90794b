import { type McpServer, ResourceNotFoundError, ResourceTemplate } from '@modelcontextprotocol/server'
import { scopes } from '../access.ts'
import type { Caller } from './caller.ts'
import type { Documents } from './documents.ts'

/** The URI of a document as an MCP resource. */
export function documentUri(id: string): string {
  return `doc://${id}`
}

/**
 * Registers the documents as MCP resources. Reading one needs the scope `read`, like `read_data`;
 * without it the listing and the completion of ids are empty.
 */
export function registerDocumentResources(
  server: McpServer,
  caller: Caller | undefined,
  documents: Documents,
): void {
  const readable = () => (caller?.scopes.includes('read') ? documents.ids() : [])
  const template = new ResourceTemplate('doc://{id}', {
    list: () => ({
      resources: readable().map((id) => ({ uri: documentUri(id), name: id, mimeType: 'text/plain' })),
    }),
    complete: { id: (start) => readable().filter((id) => id.startsWith(start)) },
  })
  server.registerResource(
    'document',
    template,
    {
      title: 'Documents',
      description: 'The documents of this server. Needs the scope read.',
      mimeType: 'text/plain',
      ...scopes('read'),
    },
    (uri, { id }) => {
      const document = documents.get(String(id))
      if (!document) throw new ResourceNotFoundError(uri.href)
      return { contents: [{ uri: uri.href, mimeType: 'text/plain', text: document.content }] }
    },
  )
}
