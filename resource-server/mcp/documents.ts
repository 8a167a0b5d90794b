/** Who wrote a document, by identity; the name is what they were called then. */
export interface Author {
  readonly issuer: string
  readonly subject: string
  readonly name: string
}

/** One document, as it is stored. */
export interface StoredDocument {
  readonly id: string
  readonly content: string
  readonly author: Author
  /** RFC 3339. */
  readonly updatedAt: string
}

/** What an id may look like; it is also the last part of the `doc://` URI. */
export const documentIdPattern = /^[A-Za-z0-9._-]{1,64}$/

/** The longest content, in characters. */
export const maxContentLength = 100_000

/** The store is full. The message is for the caller. */
export class DocumentsFull extends Error {
  override readonly name = 'DocumentsFull'
}

/** The documents of this server, in memory: they are gone when it stops. */
export interface Documents {
  ids(): readonly string[]
  get(id: string): StoredDocument | undefined
  list(): readonly StoredDocument[]
  /** Creates or replaces. @throws DocumentsFull when there is no room for another */
  put(document: { readonly id: string; readonly content: string; readonly author: Author }): StoredDocument
}

/**
 * @param now Unix milliseconds
 * @param maxDocuments how many there may be
 */
export function createDocuments({ now = Date.now, maxDocuments = 1000 } = {}): Documents {
  const stored = new Map<string, StoredDocument>()

  function put({ id, content, author }: Parameters<Documents['put']>[0]): StoredDocument {
    if (!stored.has(id) && stored.size >= maxDocuments) {
      throw new DocumentsFull(`There are ${maxDocuments} documents already: replace one instead.`)
    }
    const document = Object.freeze({ id, content, author, updatedAt: new Date(now()).toISOString() })
    stored.set(id, document)
    return document
  }

  const author = { issuer: 'urn:gatehouse', subject: 'gatehouse', name: 'Gatehouse' }
  put({ id: 'doc1', content: 'Welcome. Whoever has the scope read can read this document.', author })
  put({ id: 'doc2', content: 'Whoever has the scope write can replace this text with write_data.', author })

  return {
    ids: () => [...stored.keys()],
    get: (id) => stored.get(id),
    list: () => [...stored.values()],
    put,
  }
}

/** What to say when there is no such document: what there is instead. */
export function unknownDocument(documents: Documents, id: string): string {
  const ids = documents.ids()
  const shown = ids.slice(0, 20).join(', ')
  const more = ids.length > 20 ? ` and ${ids.length - 20} more` : ''
  return `There is no document "${id}". There are: ${shown}${more}.`
}
