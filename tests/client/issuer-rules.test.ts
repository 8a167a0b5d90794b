import { describe, expect, it } from '@jest/globals'
import { resourceParameter, rulesOf } from '../../client/issuer-rules.ts'
import { idpSettings, loadConfig } from '../../config/index.ts'

describe('issuer rules', () => {
  it('name the resource unless they say otherwise', () => {
    const resourceIndicator = 'https://mcp.example/mcp'
    expect(resourceParameter({ resourceIndicator, rules: {} })).toEqual({ resource: resourceIndicator })
    expect(resourceParameter({ resourceIndicator, rules: { omitResource: true } })).toEqual({})
  })

  it('name other origins of the authorization endpoint for the one issuer that the settings name', () => {
    const given = { AUTHORIZATION_ORIGINS: 'https://id.example=https://login.example' }
    const { idpOverrides } = loadConfig(given, 'client')
    const origins = (issuer: string) =>
      rulesOf(idpSettings(issuer, 'https://mcp.example/mcp', idpOverrides)).authorizationOrigins
    expect(origins('https://id.example')).toEqual(['https://login.example'])
    expect(origins('https://evil.example')).toEqual([])
    expect(origins('constructor')).toEqual([])
  })

  it.each([
    'https://id.example=https://login.example/path',
    'https://id.example=http://login.example',
    'https://id.example=*',
  ])('name no other origins by %s', (AUTHORIZATION_ORIGINS) => {
    expect(() => loadConfig({ AUTHORIZATION_ORIGINS }, 'client')).toThrow(/AUTHORIZATION_ORIGINS +must map/)
  })

  it('take a bare 400 for the end of a refresh token where a profile says so', () => {
    const rules = (name: string) =>
      rulesOf(idpSettings('https://id.example', 'https://mcp.example/mcp', { name }))
    expect(rules('glewlwyd').bareRefusals).toBe(true)
    expect(rules('auto').bareRefusals).toBe(false)
  })
})
