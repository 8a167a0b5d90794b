import { z } from 'zod'
import type { StoredDocument } from './documents.ts'

/** A document as tools answer with it. */
export const documentSchema = z.object({
  id: z.string(),
  content: z.string(),
  author: z.object({ iss: z.string(), sub: z.string(), name: z.string() }),
  updated_at: z.string().describe('RFC 3339'),
})

/** Writes a stored document in the words of the wire. */
export function presentDocument({
  id,
  content,
  author,
  updatedAt,
}: StoredDocument): z.output<typeof documentSchema> {
  return {
    id,
    content,
    author: { iss: author.issuer, sub: author.subject, name: author.name },
    updated_at: updatedAt,
  }
}
