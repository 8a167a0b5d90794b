import { afterAll, describe, expect, it } from '@jest/globals'
import { startIssuer } from '../../support/issuer-stand-in.ts'
import { callTool, type Era, sendRequest } from '../../support/mcp-request.ts'
import { startResourceServer } from '../../support/start-resource-server.ts'

const issuer = await startIssuer()
const server = await startResourceServer({ issuer: issuer.issuer })
const url = server.resource
const reader = issuer.issue(url, { scope: 'read' })
const writer = issuer.issue(url, { scope: 'write admin' })
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

function complete(value: string, options: { token: string; era: Era }) {
  const ref = { type: 'ref/resource', uri: 'doc://{id}' }
  return sendRequest(url, 'completion/complete', { ref, argument: { name: 'id', value } }, options)
}

describe.each<Era>(['legacy', 'modern'])('in the %s era', (era) => {
  it('lists the documents for who may read them', async () => {
    const { body } = await sendRequest(url, 'resources/list', {}, { era, token: reader })
    const resources = body.result?.resources as { uri: string; name: string; mimeType: string }[]
    expect(resources).toContainEqual(
      expect.objectContaining({ uri: 'doc://doc1', name: 'doc1', mimeType: 'text/plain' }),
    )
  })

  it('lists nothing for a token without the scope read', async () => {
    const { body } = await sendRequest(url, 'resources/list', {}, { era, token: writer })
    expect(body.result?.resources).toEqual([])
  })

  it('tells any valid token what the URIs look like', async () => {
    const { body } = await sendRequest(url, 'resources/templates/list', {}, { era, token: writer })
    expect(body.result?.resourceTemplates).toEqual([expect.objectContaining({ uriTemplate: 'doc://{id}' })])
  })

  it('reads a document with the scope read', async () => {
    const { body } = await sendRequest(url, 'resources/read', { uri: 'doc://doc1' }, { era, token: reader })
    expect(body.result?.contents).toEqual([
      { uri: 'doc://doc1', mimeType: 'text/plain', text: expect.stringContaining('Welcome') },
    ])
  })

  it('35: answers 403 to a read without the scope read, for known and unknown documents alike', async () => {
    for (const uri of ['doc://doc1', 'doc://nope']) {
      const { status, headers, body } = await sendRequest(
        url,
        'resources/read',
        { uri },
        { era, token: writer },
      )
      expect([status, body.result]).toEqual([403, undefined])
      expect(headers.get('www-authenticate')).toContain('scope="write admin read"')
    }
  })

  it.each(['doc://nope', 'doc://doc1/x', 'doc://', 'file:///etc/passwd', 'doc', ''])(
    'answers the protocol\'s error to the URI "%s"',
    async (uri) => {
      const { body } = await sendRequest(url, 'resources/read', { uri }, { era, token: reader })
      expect(body.error).toBeDefined()
      expect(body.result).toBeUndefined()
    },
  )

  it('completes ids for who may read them, and for nobody else', async () => {
    const { body } = await complete('doc', { era, token: reader })
    expect(body.result?.completion).toMatchObject({ values: ['doc1', 'doc2'] })
    const none = await complete('zzz', { era, token: reader })
    expect(none.body.result?.completion).toMatchObject({ values: [] })
    const refused = await complete('doc', { era, token: writer })
    expect(refused.body.result?.completion).toMatchObject({ values: [] })
  })
})

it('reads every document by the URI that the list gives', async () => {
  const token = issuer.issue(url, { scope: 'read write' })
  const ids = ['UPPER.lower', 'a', '..', '.', '-', '_', 'x'.repeat(64), '127.0.0.1', '1e3']
  for (const id of ids) await callTool(url, 'write_data', { resource_id: id, content: `of ${id}` }, { token })
  const { body } = await sendRequest(url, 'resources/list', {}, { token })
  const listed = body.result?.resources as { uri: string; name: string }[]
  for (const id of ids) {
    const uri = listed.find(({ name }) => name === id)?.uri ?? 'missing'
    const answer = await sendRequest(url, 'resources/read', { uri }, { token })
    expect([id, answer.body.result?.contents]).toEqual([
      id,
      [{ uri, mimeType: 'text/plain', text: `of ${id}` }],
    ])
  }
})
