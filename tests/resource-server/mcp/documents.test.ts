import { describe, expect, it } from '@jest/globals'
import { createDocuments, DocumentsFull, unknownDocument } from '../../../resource-server/mcp/documents.ts'

const author = { issuer: 'https://issuer.example', subject: 'alice', name: 'Alice' }

describe('createDocuments', () => {
  it('starts with two documents to read', () => {
    const documents = createDocuments()
    expect(documents.ids()).toEqual(['doc1', 'doc2'])
    expect(documents.get('doc1')?.content).toContain('Welcome')
  })

  it('gives back what was put, with author and time', () => {
    const documents = createDocuments({ now: () => Date.parse('2026-01-02T03:04:05.678Z') })
    const stored = documents.put({ id: 'note', content: 'hello', author })
    expect(stored).toEqual({ id: 'note', content: 'hello', author, updatedAt: '2026-01-02T03:04:05.678Z' })
    expect(documents.get('note')).toEqual(stored)
    expect(documents.list()).toContainEqual(stored)
  })

  it('replaces a document and its author', () => {
    const documents = createDocuments()
    documents.put({ id: 'doc1', content: 'mine', author })
    expect(documents.ids()).toEqual(['doc1', 'doc2'])
    expect(documents.get('doc1')).toMatchObject({ content: 'mine', author })
  })

  it('shares documents that nobody can change', () => {
    const documents = createDocuments()
    expect(() => Object.assign(documents.get('doc1') ?? {}, { content: 'changed' })).toThrow(TypeError)
  })

  it('takes no more documents than there may be, and still replaces', () => {
    const documents = createDocuments({ maxDocuments: 3 })
    documents.put({ id: 'third', content: '', author })
    expect(() => documents.put({ id: 'fourth', content: '', author })).toThrow(DocumentsFull)
    expect(documents.put({ id: 'third', content: 'again', author }).content).toBe('again')
    expect(documents.ids()).toHaveLength(3)
  })

  it.each(['__proto__', 'constructor', 'toString', ''])('48: finds no document called "%s"', (id) => {
    expect(createDocuments().get(id)).toBeUndefined()
  })

  it('shares nothing between servers', () => {
    createDocuments().put({ id: 'note', content: '', author })
    expect(createDocuments().get('note')).toBeUndefined()
  })
})

describe('unknownDocument', () => {
  it('says what there is instead', () => {
    expect(unknownDocument(createDocuments(), 'nope')).toBe(
      'There is no document "nope". There are: doc1, doc2.',
    )
  })

  it('names twenty and counts the rest', () => {
    const documents = createDocuments()
    for (let index = 3; index <= 25; index += 1) documents.put({ id: `doc${index}`, content: '', author })
    const message = unknownDocument(documents, 'nope')
    expect(message).toContain('doc20 and 5 more.')
    expect(message).not.toContain('doc21')
  })
})
