import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { memoized } from '../../../resource-server/mcp/memoized-schema.ts'

const schema = z.object({ id: z.string(), count: z.coerce.number() })

describe('memoized', () => {
  it('validates as the schema itself does', async () => {
    const standard = memoized(schema)['~standard']
    expect(await standard.validate({ id: 'a', count: '2' })).toEqual({ value: { id: 'a', count: 2 } })
    expect(await standard.validate({ id: 1 })).toHaveProperty('issues')
  })

  it('converts to the same JSON Schema, once for each target and direction', () => {
    const standard = memoized(schema)['~standard'].jsonSchema
    const plain = schema['~standard'].jsonSchema
    const target = { target: 'draft-2020-12' } as const
    expect(standard.input(target)).toEqual(plain.input(target))
    expect(standard.output(target)).toEqual(plain.output(target))
    expect(standard.input(target)).toBe(standard.input(target))
    expect(standard.input(target)).not.toEqual(standard.output(target))
    expect(standard.input({ target: 'draft-07' })).toEqual(plain.input({ target: 'draft-07' }))
  })
})
