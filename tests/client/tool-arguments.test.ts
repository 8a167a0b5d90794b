import { describe, expect, it } from '@jest/globals'
import type { Tool } from '@modelcontextprotocol/client'
import { exitStatus } from '../../client/failure.ts'
import { parseToolArguments } from '../../client/tool-arguments.ts'

const tool: Tool = {
  name: 'a_tool',
  inputSchema: {
    type: 'object',
    properties: {
      text: { type: 'string' },
      count: { type: 'integer' },
      ratio: { type: 'number' },
      flag: { type: 'boolean' },
      list: { type: 'array' },
      either: { type: ['number', 'null'] },
      anything: {},
    },
    required: ['text'],
  },
}

describe('parseToolArguments', () => {
  it('gives every value the type that the schema names', () => {
    const words = ['text=1', 'count=2', 'ratio=1.5', 'flag=true', 'list=[1]', 'either=null', 'anything=3']
    expect(parseToolArguments(words, tool)).toEqual({
      text: '1',
      count: 2,
      ratio: 1.5,
      flag: true,
      list: [1],
      either: null,
      anything: '3',
    })
  })

  it('leaves everything after the first = alone', () => {
    expect(parseToolArguments(['text=a=b c=\n'], tool)).toEqual({ text: 'a=b c=\n' })
  })

  it.each([
    ['a word without =', ['text'], 'key=value'],
    ['a word without a key', ['=x'], 'key=value'],
    ['an unknown key', ['text=a', 'other=1'], 'has no argument other'],
    ['a key of every object', ['text=a', 'constructor=1'], 'has no argument constructor'],
    ['a fraction for an integer', ['text=a', 'count=1.5'], 'cannot use count=1.5'],
    ['a word for a number', ['text=a', 'ratio=much'], 'cannot use ratio=much'],
    ['a word for a boolean', ['text=a', 'flag=yes'], 'cannot use flag=yes'],
    ['the same key twice', ['text=a', 'text=b'], 'twice'],
    ['a missing argument', [], 'needs text'],
  ])('refuses %s as wrong usage', (_, words, problem) => {
    const parse = () => parseToolArguments(words, tool)
    expect(parse).toThrow(problem)
    expect(parse).toThrow(expect.objectContaining({ status: exitStatus.usage, hint: expect.any(String) }))
  })
})
