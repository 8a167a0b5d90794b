import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { findDistribution, keycloakVersion, scriptOf } from '../../keycloak/distribution.ts'

let folder: string
let env: Record<string, string>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-distribution-'))
  await mkdir(join(folder, 'bin'))
  env = { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache') }
})
afterEach(() => rm(folder, { recursive: true }))

/** Puts a program on the PATH that writes this to standard error, as `java -version` does. */
async function install(name: string, says = ''): Promise<void> {
  const path = join(folder, 'bin', name)
  await writeFile(path, `#!${process.execPath}\nprocess.stderr.write(${JSON.stringify(says)})\n`)
  await chmod(path, 0o755)
}
const installJava = (version: string) => install('java', `openjdk version "${version}" 2025-04-15\n`)

async function unpackAt(home: string, version = keycloakVersion): Promise<void> {
  await mkdir(join(home, 'bin'), { recursive: true })
  await writeFile(scriptOf(home), '')
  await writeFile(join(home, 'version.txt'), `Keycloak - Version ${version}\n`)
}

const find = () => findDistribution({ env, tell: () => {} })

describe('finding a Keycloak', () => {
  it('takes the one that KEYCLOAK_HOME names', async () => {
    await installJava('21.0.2')
    env.KEYCLOAK_HOME = join(folder, 'home')
    await unpackAt(env.KEYCLOAK_HOME)
    expect(await find()).toMatchObject({ kind: 'folder', home: env.KEYCLOAK_HOME })
  })

  it('takes the one that was fetched before, and needs no Maven for it', async () => {
    await installJava('17.0.15')
    const home = join(folder, 'cache', 'mcp-gatehouse', `keycloak-${keycloakVersion}`)
    await unpackAt(home)
    expect(await find()).toMatchObject({ kind: 'folder', home })
  })

  it('takes an image where there is no Java', async () => {
    await install('docker')
    expect(await find()).toMatchObject({
      kind: 'image',
      command: 'docker',
      image: `quay.io/keycloak/keycloak:${keycloakVersion}`,
    })
  })

  it.each([
    ['there is nothing at all', undefined, /there is no Java.*There is no mvn.*KEYCLOAK_HOME.*Docker/s],
    ['Java is too old', '11.0.2', /Java is too old: 11\.0\.2/],
  ])('says what to install when %s', async (_, java, message) => {
    if (java) await installJava(java)
    await expect(find()).rejects.toThrow(message)
  })

  it.each([
    ['nothing is there', undefined, 'must be the folder of an unpacked Keycloak'],
    ['another version is there', '25.0.6', 'Keycloak 26 is needed'],
  ])('says what is wrong with KEYCLOAK_HOME when %s', async (_, version, message) => {
    await installJava('21.0.2')
    env.KEYCLOAK_HOME = join(folder, 'home')
    if (version) await unpackAt(env.KEYCLOAK_HOME, version)
    await expect(find()).rejects.toThrow(message)
  })
})
