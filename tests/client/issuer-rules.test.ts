import { describe, expect, it } from '@jest/globals'
import { resourceParameter } from '../../client/issuer-rules.ts'

describe('issuer rules', () => {
  it('name the resource unless they say otherwise', () => {
    const resourceIndicator = 'https://mcp.example/mcp'
    expect(resourceParameter({ resourceIndicator, rules: {} })).toEqual({ resource: resourceIndicator })
    expect(resourceParameter({ resourceIndicator, rules: { omitResource: true } })).toEqual({})
  })
})
