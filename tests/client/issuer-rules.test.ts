import { describe, expect, it } from '@jest/globals'
import { resourceParameter, rulesOf } from '../../client/issuer-rules.ts'
import { idpSettings } from '../../config/index.ts'

describe('issuer rules', () => {
  it('name the resource unless they say otherwise', () => {
    const resourceIndicator = 'https://mcp.example/mcp'
    expect(resourceParameter({ resourceIndicator, rules: {} })).toEqual({ resource: resourceIndicator })
    expect(resourceParameter({ resourceIndicator, rules: { omitResource: true } })).toEqual({})
  })

  it('take a bare 400 for the end of a refresh token where a profile says so', () => {
    const rules = (name: string) =>
      rulesOf(idpSettings('https://id.example', 'https://mcp.example/mcp', { name }))
    expect(rules('glewlwyd').bareRefusals).toBe(true)
    expect(rules('auto').bareRefusals).toBe(false)
  })
})
