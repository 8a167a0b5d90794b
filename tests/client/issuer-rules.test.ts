import { describe, expect, it } from '@jest/globals'
import { parseGrantedScope, resourceParameter, scopeParameter } from '../../client/issuer-rules.ts'

const template = { scopeTemplate: 'api://mcp/{scope}' }

describe('issuer rules', () => {
  it('name the resource unless they say otherwise', () => {
    const resourceIndicator = 'https://mcp.example/mcp'
    expect(resourceParameter({ resourceIndicator, rules: {} })).toEqual({ resource: resourceIndicator })
    expect(resourceParameter({ resourceIndicator, rules: { omitResource: true } })).toEqual({})
  })

  it("put scopes into the server's words, but for OpenID Connect's own", () => {
    expect(scopeParameter(['read', 'offline_access'], template)).toEqual({
      scope: 'api://mcp/read offline_access',
    })
    expect(scopeParameter(['read'], {})).toEqual({ scope: 'read' })
    expect(scopeParameter([], template)).toEqual({})
  })

  it('read an answer in either words', () => {
    expect(parseGrantedScope('api://mcp/read write api://mcp/', template)).toEqual([
      'read',
      'write',
      'api://mcp/',
    ])
    expect(parseGrantedScope('read write', {})).toEqual(['read', 'write'])
  })
})
