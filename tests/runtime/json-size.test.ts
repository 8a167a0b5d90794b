import { describe, expect, it } from '@jest/globals'
import { createJsonSize } from '../../runtime/json-size.ts'

const limits = { maxDepth: 4, maxKeys: 3, maxValues: 6 }
const measure = (text: string) => createJsonSize(limits).add(Buffer.from(text))

describe('the size of a JSON text', () => {
  it.each([
    ['[[[[[', '4 levels of nesting'],
    ['{"a":1,"b":1,"c":1,"d":1}', '3 keys'],
    ['[1,2,3,4,5,6,7]', '6 keys and array elements'],
    ['[[],[],[],[],[],[]]', '6 keys and array elements'],
  ])('is too much in %s', (text, bound) => {
    expect(measure(text)).toBe(bound)
  })

  it.each([
    '[[[[]]]]',
    '{"a":1,"b":1,"c":1}',
    '"[[[[[[,,,,,,,,::::"',
    '"\\"[[[[[[[,,,,,,,"',
    '["\\\\",{},{}]',
  ])('is not too much in %s', (text) => {
    expect(measure(text)).toBeUndefined()
  })

  it('is the same however the text is cut into chunks', () => {
    const text = Buffer.from('{"a\\"[[[[[[":"\\\\","b":[1,"]"],"c":{}}')
    for (let cut = 0; cut <= text.length; cut += 1) {
      const size = createJsonSize(limits)
      expect([size.add(text.subarray(0, cut)), size.add(text.subarray(cut))]).toEqual([undefined, undefined])
      expect(size.add(Buffer.from('[[[[['))).toBe('4 levels of nesting')
    }
  })
})
