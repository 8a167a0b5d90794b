import { z } from 'zod'
import { documentUri } from '../document-resources.ts'
import { defineTool } from '../tool.ts'

const permissions = ['read', 'write'] as const

/** Lists the documents that the caller may do something with. */
export const listAvailableResources = defineTool({
  name: 'list_available_resources',
  title: 'List documents',
  description: 'The documents that you may read or write, and which of the two. Any valid token will do.',
  access: { scopes: [] },
  annotations: { readOnlyHint: true, openWorldHint: false },
  inputSchema: z.object({}),
  outputSchema: z.object({
    resources: z.array(
      z.object({
        id: z.string(),
        uri: z.string(),
        permissions: z.array(z.enum(permissions)),
        author: z.string(),
        updated_at: z.string(),
      }),
    ),
  }),
  run: (_, caller, { documents }) => {
    const allowed = permissions.filter((permission) => caller.scopes.includes(permission))
    if (allowed.length === 0) return { resources: [] }
    return {
      resources: documents.list().map(({ id, author, updatedAt }) => ({
        id,
        uri: documentUri(id),
        permissions: allowed,
        author: author.name,
        updated_at: updatedAt,
      })),
    }
  },
})
