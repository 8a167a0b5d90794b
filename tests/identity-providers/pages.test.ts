import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { idpProfiles, loadConfig } from '../../config/index.ts'
import { documentedVariables } from '../support/idp/documented.ts'

const schema = await readFile('config/env.ts', 'utf8')
const readme = await readFile('README.md', 'utf8')

describe.each(['okta', 'auth0', 'entra', 'google'])('docs/identity-providers/%s.md', (name) => {
  it.each([
    ['mcp', 'resource-server'],
    ['client', 'client'],
  ] as const)('has variables for %s that are all there is to say', async (program, role) => {
    const page = await readFile(`docs/identity-providers/${name}.md`, 'utf8')
    // The secret that the reader fills in: the placeholder itself is refused.
    const variables = Object.fromEntries(
      Object.entries(await documentedVariables(name, program)).map(([variable, value]) => [
        variable,
        value === '…' ? 'a-secret-of-this-test' : value,
      ]),
    )
    const config = loadConfig(variables, role)
    expect(config.idp.profile.name).toBe(name)
    expect(config.issuer).toBe(variables.ISSUER)
    const { redirectHost, redirectPort } = config.idp
    const port = redirectPort === undefined ? '' : `:${redirectPort}`
    if (name !== 'google') expect(page).toContain(`\`http://${redirectHost}${port}/callback\``)
    for (const variable of Object.keys(variables)) expect(schema).toContain(`\n  ${variable}: `)
    // The page has all that the profile needs, and nothing of that can be left out.
    const { serverNeeds = {}, clientNeeds = {} } = config.idp.profile
    for (const needed of Object.keys(role === 'client' ? clientNeeds : serverNeeds)) {
      expect(() => loadConfig({ ...variables, [needed]: '' }, role)).toThrow(needed)
    }
  })

  it('names only variables that there are', async () => {
    const page = await readFile(`docs/identity-providers/${name}.md`, 'utf8')
    const named = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+|IDP|ISSUER|RESOURCE)[`=]/g)].map(([, word]) => word)
    expect(named.length).toBeGreaterThan(5)
    for (const variable of named) expect(schema).toContain(`\n  ${variable}: `)
  })

  it('says how it is proven, and when, as the profile and the README do', async () => {
    const page = await readFile(`docs/identity-providers/${name}.md`, 'utf8')
    const { proof } = idpProfiles.find((profile) => profile.name === name) ?? {}
    expect(proof).toEqual({ by: 'stand-in', date: '2026-11-27' })
    expect(page).toMatch(/Proven against a \[stand-in\].*27 November 2026\. Nobody has tried it with a live/)
    expect(readme).toMatch(new RegExp(`docs/identity-providers/${name}\\.md.*stand-in`))
  })
})
