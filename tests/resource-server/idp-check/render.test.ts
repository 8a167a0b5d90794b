import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../../config/index.ts'
import type { Report } from '../../../resource-server/idp-check/check-idp.ts'
import { renderReport, type Terminal } from '../../../resource-server/idp-check/render.ts'

const config = loadConfig({ ISSUER: 'https://id.example.com/realms/staff' }, 'idp-check')
const advice = 'Keycloak console > Clients > the one of the MCP server > Credentials > Client Secret'
const report: Report = {
  findings: [
    { about: 'documents', level: 'ok', found: '/.well-known/oauth-authorization-server' },
    { about: 'introspection', level: 'missing', found: 'it is refused', change: advice },
    { about: 'scopes', level: 'warning', found: 'said \u001b[31mred\u001b[0m\nand more' },
  ],
  abilities: [{ name: 'jwt', works: 'perhaps', why: 'if its access tokens are JWTs' }],
  validation: { mode: 'introspection', reason: 'the issuer offers it' },
  works: false,
}

/** @param columns absent for a pipe */
function render(columns?: number, shown: Report = report): string {
  const stream = new PassThrough()
  const terminal = Object.assign(stream, {
    isTTY: columns !== undefined,
    columns,
    getColorDepth: () => 8,
    hasColors: () => columns !== undefined,
  })
  return renderReport(config, shown, terminal as unknown as Terminal)
}

describe('the report', () => {
  it('has in a pipe one line for each thing and no escape sequence', () => {
    const text = render()
    expect(text).not.toContain('\u001b')
    expect(text).toContain(`  missing  introspection  it is refused\n${' '.repeat(26)}→ ${advice}\n`)
    expect(text).toContain('  perhaps  jwt            if its access tokens are JWTs\n')
    expect(text).toMatch(/It will not work yet: One thing has to be changed\.\n$/)
  })

  it.each([80, 120])('stays within the %i columns of a terminal', (columns) => {
    const lines = stripVTControlCharacters(render(columns)).split('\n')
    expect(Math.max(...lines.slice(3).map((line) => line.length))).toBeLessThanOrEqual(columns)
    expect(render(columns)).toContain('\u001b[')
  })

  it('takes the escape sequences and line breaks out of what the server said', () => {
    expect(render()).toContain('  warning  scopes         said red and more\n')
  })

  it('says that it will work, and where to look if it does not', () => {
    const works = { ...report, works: true, findings: report.findings.slice(2) }
    expect(render(undefined, works)).toMatch(/It will work\. Look at the warning if it does not\.\n$/)
  })
})
