import { describe, expect, it } from '@jest/globals'
import { answerId, errorBody, JsonRpcError, parseBody } from '../../../resource-server/auth/json-rpc.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}'

function problemOf(body: Uint8Array): { status: number; code: number } {
  try {
    parseBody(body)
  } catch (error) {
    if (error instanceof JsonRpcError) return { status: error.status, code: error.code }
  }
  throw new Error('The body was accepted')
}

describe('parseBody', () => {
  it('takes one message', () => {
    const { value, messages } = parseBody(bytes(ping))
    expect(messages).toEqual([{ jsonrpc: '2.0', id: 1, method: 'ping' }])
    expect(messages[0]).toBe(value)
  })

  it('takes a batch, and judges the very objects that will run', () => {
    const { value, messages } = parseBody(bytes(`[${ping},${ping}]`))
    expect(messages).toHaveLength(2)
    expect(messages).toBe(value)
  })

  it.each([
    ['an empty body', ''],
    ['half of an object', '{"jsonrpc":"2.0"'],
    ['two objects', `${ping}${ping}`],
    ['a comment', `${ping}//`],
    ['single quotes', "{'jsonrpc':'2.0'}"],
    ['a trailing comma', '{"jsonrpc":"2.0",}'],
    ['NaN', '{"jsonrpc":"2.0","id":NaN}'],
  ])('answers -32700 to %s', (_, text) => {
    expect(problemOf(bytes(text))).toEqual({ status: 400, code: -32700 })
  })

  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['Latin-1', [0xe9]],
  ])('36: refuses %s instead of repairing it', (_, invalid) => {
    const body = Uint8Array.from([...bytes('{"jsonrpc":"2.0","method":"'), ...invalid, ...bytes('"}')])
    expect(problemOf(body)).toEqual({ status: 400, code: -32700 })
  })

  it('refuses UTF-16', () => {
    expect(problemOf(new Uint8Array(Buffer.from(ping, 'utf16le')))).toEqual({ status: 400, code: -32700 })
  })

  it('ignores a byte order mark (RFC 8259 §8.1)', () => {
    expect(parseBody(bytes(`\uFEFF${ping}`)).messages).toHaveLength(1)
  })

  it.each([
    ['null', 'null'],
    ['a number', '42'],
    ['a string', '"tools/list"'],
    ['true', 'true'],
    ['an empty batch', '[]'],
    ['a batch in a batch', `[[${ping}]]`],
    ['a batch with a null beside a message', `[${ping},null]`],
    ['a batch with a string beside a message', `[${ping},"x"]`],
    ['an object without a version', '{"id":1,"method":"ping"}'],
    ['JSON-RPC 1.0', '{"jsonrpc":"1.0","id":1,"method":"ping"}'],
    ['a version that is a number', '{"jsonrpc":2.0,"id":1,"method":"ping"}'],
    ['a version in another case', '{"JSONRPC":"2.0","id":1,"method":"ping"}'],
    ['a version from the prototype', '{"__proto__":{"jsonrpc":"2.0"},"method":"ping"}'],
  ])('answers -32600 to %s', (_, text) => {
    expect(problemOf(bytes(text))).toEqual({ status: 400, code: -32600 })
  })

  it('36: of duplicate keys judges the one that runs', () => {
    const { value, messages } = parseBody(
      bytes('{"jsonrpc":"2.0","method":"ping","method":"tools/call","params":{"name":"a","name":"b"}}'),
    )
    expect(value).toEqual({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'b' } })
    expect(messages[0]).toBe(value)
  })
})

describe('answerId', () => {
  const idOf = (text: string) => answerId(parseBody(bytes(text)).messages)

  it.each([
    ['a number', '{"jsonrpc":"2.0","id":7}', 7],
    ['zero', '{"jsonrpc":"2.0","id":0}', 0],
    ['a string', '{"jsonrpc":"2.0","id":"seven"}', 'seven'],
    ['the one id of a batch of one', '[{"jsonrpc":"2.0","id":7}]', 7],
  ])('repeats %s', (_, text, id) => {
    expect(idOf(text)).toBe(id)
  })

  it.each([
    ['a notification', '{"jsonrpc":"2.0","method":"notifications/initialized"}'],
    ['null', '{"jsonrpc":"2.0","id":null}'],
    ['an object', '{"jsonrpc":"2.0","id":{"a":1}}'],
    ['a batch of two', '[{"jsonrpc":"2.0","id":1},{"jsonrpc":"2.0","id":2}]'],
  ])('is null for %s', (_, text) => {
    expect(idOf(text)).toBeNull()
  })
})

describe('errorBody', () => {
  it('is a JSON-RPC error with a null id unless told otherwise', () => {
    expect(JSON.parse(errorBody(-32600, 'No.'))).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32600, message: 'No.' },
    })
  })

  it('carries id and data', () => {
    expect(JSON.parse(errorBody(-32000, 'No.', { id: 'x', data: { error: 'invalid_token' } }))).toEqual({
      jsonrpc: '2.0',
      id: 'x',
      error: { code: -32000, message: 'No.', data: { error: 'invalid_token' } },
    })
  })
})
