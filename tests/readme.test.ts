import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const readme = await readFile('README.md', 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'tests/README.md',
  ...(await readdir('docs', { recursive: true }))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
  'docs/protect-your-server.md',
  'docs/stores.md',
  'docs/accounts.md',
  ...(await readdir('docs/decisions')).map((name) => join('docs/decisions', name)),
]

describe('the documentation', () => {
  it.each(pages)('%s links only to what is there', async (page) => {
    const text = await readFile(page, 'utf8')
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, target = '']) => target)
    for (const target of links) await expect(stat(join(dirname(page), target))).resolves.toBeDefined()
  })

  it('names only scripts that there are', async () => {
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8'))
    const named = [...readme.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name]) => name)
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !((name as string) in scripts))).toEqual([])
  })

  it('has its two commands run by .ci/run as they stand there', async () => {
    const script = await readFile('.ci/run', 'utf8')
    for (const command of ['npm ci && npm run demo', 'npm ci && npm test']) {
      expect(readme).toContain(`\`\`\`sh\n${command}\n\`\`\``)
      expect(script.split('\n')).toContain(command)
    }
  })

  it('lists every variable that is read', async () => {
    const schema = await readFile('config/env.ts', 'utf8')
    const variables = [...schema.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name]) => name as string)
    expect(variables.length).toBeGreaterThan(20)
    expect(variables.filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
  })
})
