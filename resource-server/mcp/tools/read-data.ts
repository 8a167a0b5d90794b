import { z } from 'zod'
import { unknownDocument } from '../documents.ts'
import { documentSchema, presentDocument } from '../present-document.ts'
import { defineTool, ToolError } from '../tool.ts'

/** Reads one document. */
export const readData = defineTool({
  name: 'read_data',
  title: 'Read a document',
  description: 'The content of a document, with its author and the time of its last change.',
  access: { scopes: ['read'] },
  annotations: { readOnlyHint: true, openWorldHint: false },
  inputSchema: z.object({ resource_id: z.string().describe('The id of a document, for example doc1') }),
  outputSchema: documentSchema,
  run: ({ resource_id }, _, { documents }) => {
    const document = documents.get(resource_id)
    if (!document) throw new ToolError(unknownDocument(documents, resource_id))
    return presentDocument(document)
  },
})
