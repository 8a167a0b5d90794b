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

const parse = async (...given: Parameters<typeof parseToolArguments>) => parseToolArguments(...given)

describe('parseToolArguments', () => {
  it('gives every value the type that the schema names', async () => {
    const words = ['text=1', 'count=2', 'ratio=1.5', 'flag=true', 'list=[1]', 'either=null', 'anything=3']
    await expect(parse({ words }, tool)).resolves.toEqual({
      text: '1',
      count: 2,
      ratio: 1.5,
      flag: true,
      list: [1],
      either: null,
      anything: '3',
    })
  })

  it('leaves regular expressions to the server: one could keep this program busy for ever (attack 39)', async () => {
    const hostile = { type: 'string', pattern: '^(\\w+\\s?)+$' }
    const inputSchema = {
      type: 'object' as const,
      properties: { text: hostile, pattern: { type: 'string' } },
      patternProperties: { '^(x+)+$': hostile },
      additionalProperties: false,
    }
    const argsJson = JSON.stringify({ text: 'an ordinary sentence of some length, and a mark!', xxx: 'more' })
    const given = await parse({ argsJson, words: ['pattern=kept'] }, { name: 'a_tool', inputSchema })
    expect(given).toMatchObject({ pattern: 'kept', xxx: 'more' })
  })

  it('leaves everything after the first = alone', async () => {
    await expect(parse({ words: ['text=a=b c=\n'] }, tool)).resolves.toEqual({
      text: 'a=b c=\n',
    })
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
  ])('refuses %s as wrong usage', async (_, words, problem) => {
    await expect(parse({ words }, tool)).rejects.toMatchObject({
      message: expect.stringContaining(problem),
      status: exitStatus.usage,
      hint: expect.any(String),
    })
  })

  it('takes one JSON object, with words over it', async () => {
    const argsJson = '{"text":"a","count":1,"list":[{"deep":true}]}'
    await expect(parse({ argsJson, words: ['count=2'] }, tool)).resolves.toEqual({
      text: 'a',
      count: 2,
      list: [{ deep: true }],
    })
  })

  it.each([
    ['no JSON', '{', 'one JSON object'],
    ['a list', '[]', 'one JSON object'],
    [
      'a wrong type',
      '{"text":1}',
      'cannot use these arguments: text: Instance type "number" is invalid. Expected "string"',
    ],
    ['a missing argument', '{}', 'needs text'],
  ])('refuses %s in JSON as wrong usage', async (_, argsJson, problem) => {
    await expect(parse({ argsJson }, tool)).rejects.toMatchObject({
      message: expect.stringContaining(problem),
      status: exitStatus.usage,
    })
  })

  it('holds values to all of the schema, not to their types alone', async () => {
    const strict: Tool = {
      name: 'strict',
      inputSchema: { type: 'object', properties: { size: { type: 'integer', maximum: 3 } } },
    }
    await expect(parse({ words: ['size=4'] }, strict)).rejects.toMatchObject({
      status: exitStatus.usage,
    })
  })
})
