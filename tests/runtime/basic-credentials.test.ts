import { describe, expect, it } from '@jest/globals'
import { basicCredentials } from '../../runtime/basic-credentials.ts'

const decode = (header: string) => Buffer.from(header.replace(/^Basic /, ''), 'base64').toString()

describe('credentials in an Authorization header', () => {
  it('leave letters, digits and *-._ as they are', () => {
    expect(decode(basicCredentials('mcp-server_1.a*', 'Ab-9_.*'))).toBe('mcp-server_1.a*:Ab-9_.*')
  })

  it.each([
    ['http://localhost:8000/mcp', 'http%3A%2F%2Flocalhost%3A8000%2Fmcp'],
    ['a b+c%', 'a+b%2Bc%25'],
    ['é=&', '%C3%A9%3D%26'],
    ['', ''],
  ])('encode the rest: %s', (text, encoded) => {
    expect(decode(basicCredentials(text, text))).toBe(`${encoded}:${encoded}`)
  })
})
