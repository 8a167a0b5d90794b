import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFileTokenStore, createMemoryTokenStore } from '../../client/token-store.ts'
import type { Tokens } from '../../client/tokens.ts'

const tokens: Tokens = {
  issuer: 'https://idp.example',
  resource: 'https://mcp.example/mcp',
  clientId: 'test-client',
  accessToken: 'access',
  refreshToken: 'refresh',
  expiresAt: 1_000,
  scopes: ['read'],
}

let folder: string
let path: string
let warnings: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokens-'))
  path = join(folder, 'deep', 'tokens.json')
  warnings = []
})
afterEach(() => rm(folder, { recursive: true }))

const openStore = () => createFileTokenStore(path, (message) => warnings.push(message))
const modeOf = async (file: string) => (await stat(file)).mode & 0o777

describe.each([
  ['a file', openStore],
  ['memory', createMemoryTokenStore],
])('a token store in %s', (_, open) => {
  it('has nothing at first', async () => {
    expect(await open().find(tokens)).toBeUndefined()
  })

  it('returns what was saved, for that issuer, resource and client only', async () => {
    const store = open()
    await store.save(tokens)
    expect(await store.find(tokens)).toEqual(tokens)
    expect(await store.find({ ...tokens, issuer: 'https://other.example' })).toBeUndefined()
    expect(await store.find({ ...tokens, resource: 'https://mcp.example/other' })).toBeUndefined()
    expect(await store.find({ ...tokens, clientId: 'other' })).toBeUndefined()
  })

  it('replaces what was kept, and keeps what belongs to others', async () => {
    const store = open()
    const other = { ...tokens, issuer: 'https://other.example' }
    await store.save(other)
    await store.save(tokens)
    await store.save({ ...tokens, accessToken: 'newer' })
    expect((await store.find(tokens))?.accessToken).toBe('newer')
    expect(await store.find(other)).toEqual(other)
  })

  it('returns what was saved last when no issuer is named', async () => {
    const store = open()
    await store.save(tokens)
    await store.save({ ...tokens, issuer: 'https://other.example' })
    const { resource, clientId } = tokens
    expect((await store.find({ resource, clientId }))?.issuer).toBe('https://other.example')
  })

  it('forgets', async () => {
    const store = open()
    await store.save(tokens)
    await store.forget(tokens)
    expect(await store.find(tokens)).toBeUndefined()
  })
})

describe('the token file', () => {
  it('is found again by the next process', async () => {
    await openStore().save(tokens)
    expect(await openStore().find(tokens)).toEqual(tokens)
  })

  it('is for its owner only, and so is its folder (attack 46)', async () => {
    await openStore().save(tokens)
    expect(await modeOf(path)).toBe(0o600)
    expect(await modeOf(join(folder, 'deep'))).toBe(0o700)
  })

  it('is closed to others again when somebody opened it (attack 46)', async () => {
    const store = openStore()
    await store.save(tokens)
    await chmod(path, 0o644)
    await store.save(tokens)
    expect(await modeOf(path)).toBe(0o600)
  })

  it('is replaced whole: nothing else is left in its folder', async () => {
    const store = openStore()
    await store.save(tokens)
    const { ino } = await stat(path)
    await store.save(tokens)
    expect((await stat(path)).ino).not.toBe(ino)
    expect(await readdir(join(folder, 'deep'))).toEqual(['tokens.json'])
  })

  it('is named when it cannot be used, with what to change', async () => {
    await writeFile(join(folder, 'deep'), 'not a folder')
    await expect(openStore().save(tokens)).rejects.toMatchObject({
      message: expect.stringContaining(path),
      hint: expect.stringContaining('XDG_STATE_HOME'),
    })
  })

  it.each([
    '{"version":1,"tok',
    '[]',
    '{"version":2,"tokens":[]}',
    '{"version":1,"tokens":[{"accessToken":1}]}',
  ])('is set aside when it holds %s, and the user signs in again (attack 46)', async (content) => {
    const store = openStore()
    await store.save(tokens)
    await writeFile(path, content)
    expect(await store.find(tokens)).toBeUndefined()
    const [aside] = await readdir(join(folder, 'deep'))
    expect(await readFile(join(folder, 'deep', aside ?? ''), 'utf8')).toBe(content)
    expect(warnings).toEqual([expect.stringContaining('Sign in again')])
    expect(warnings.join()).not.toContain('accessToken')
  })
})
