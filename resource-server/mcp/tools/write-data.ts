import { z } from 'zod'
import { displayName } from '../caller.ts'
import { DocumentsFull, documentIdPattern, maxContentLength } from '../documents.ts'
import { documentSchema, presentDocument } from '../present-document.ts'
import { defineTool, ToolError } from '../tool.ts'

/** Creates a document or replaces its content. */
export const writeData = defineTool({
  name: 'write_data',
  title: 'Write a document',
  description:
    'Creates a document, or replaces the content of the one that has this id. You become its author.',
  access: { scopes: ['write'] },
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  inputSchema: z.object({
    resource_id: z
      .string()
      .regex(documentIdPattern, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
      .describe('The id of the document'),
    content: z.string().max(maxContentLength).describe('The whole new content'),
  }),
  outputSchema: documentSchema,
  run: ({ resource_id, content }, caller, { documents }) => {
    const author = { issuer: caller.issuer, subject: caller.subject, name: displayName(caller) }
    try {
      return presentDocument(documents.put({ id: resource_id, content, author }))
    } catch (error) {
      if (error instanceof DocumentsFull) throw new ToolError(error.message, { cause: error })
      throw error
    }
  },
})
