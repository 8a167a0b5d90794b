import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

const run = promisify(execFile)
const copied = [
  'config',
  'runtime',
  'provider',
  'resource-server',
  'client',
  'demo',
  'keycloak',
  'biome.json',
  'package.json',
  'tsconfig.json',
]

let copy: string
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'gatehouse-architecture-'))
  for (const name of copied) await cp(name, join(copy, name), { recursive: true })
  await symlink(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'))
})
afterAll(() => rm(copy, { recursive: true }))

/** What the linter says of the copy: an empty string when it has no objection. */
async function lint(): Promise<string> {
  const biome = join(process.cwd(), 'node_modules/@biomejs/biome/bin/biome')
  const flags = ['lint', '--vcs-enabled=false', '--error-on-warnings', '--max-diagnostics=20', '.']
  return run(process.execPath, [biome, ...flags], { cwd: copy }).then(
    () => '',
    ({ stdout, stderr }) => `${stdout}${stderr}`,
  )
}

/** Lints with more files in the copy, and takes them away again. */
async function lintWith(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(copy, name), text)
  try {
    return await lint()
  } finally {
    for (const name of Object.keys(files)) await rm(join(copy, name))
  }
}

describe('the linter', () => {
  it('has no objection to the sources as they are', async () => {
    expect(await lint()).toBe('')
  })

  it.each([
    ['provider', 'resource-server', '../resource-server/access.ts', 'scopes'],
    ['resource-server', 'provider', '../provider/lifetimes.ts', 'lifetimes'],
    ['client', 'provider', '../provider/lifetimes.ts', 'lifetimes'],
    ['config', 'runtime', '../runtime/html.ts', 'html'],
    ['runtime', 'provider', '../provider/lifetimes.ts', 'lifetimes'],
    ['provider', "config's inside", '../config/accounts.ts', 'testAccounts'],
    ['resource-server/auth', 'mcp', '../mcp/caller.ts', 'callerOf'],
    ['resource-server/mcp', 'auth', '../auth/judge.ts', 'judge'],
    ['demo', 'provider', '../provider/lifetimes.ts', 'lifetimes'],
    ['keycloak', 'provider', '../provider/lifetimes.ts', 'lifetimes'],
  ])(
    'refuses an import from %s to %s',
    async (folder, _, path, name) => {
      const report = await lintWith({ [`${folder}/stray.ts`]: `export { ${name} } from '${path}'\n` })
      expect(report).toContain('noRestrictedImports')
    },
    60_000,
  )

  it('refuses a cycle', async () => {
    const report = await lintWith({
      'runtime/one.ts': "import { two } from './two.ts'\nexport const one = () => two\n",
      'runtime/two.ts': "import { one } from './one.ts'\nexport const two = () => one\n",
    })
    expect(report).toContain('noImportCycles')
  })

  it('refuses a file of more than 250 lines', async () => {
    const report = await lintWith({ 'runtime/long.ts': `${'export {}\n'.repeat(251)}` })
    expect(report).toContain('noExcessiveLinesPerFile')
  })

  it('refuses process.env outside main.ts', async () => {
    const report = await lintWith({
      'runtime/stray.ts': "import process from 'node:process'\nexport const home = process.env.HOME\n",
    })
    expect(report).toContain('noProcessEnv')
  })
})
