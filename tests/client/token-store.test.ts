import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFileTokenStore } from '../../client/file-token-store.ts'
import { createMemoryTokenStore, type TokenStore } from '../../client/token-store.ts'
import type { Tokens } from '../../client/tokens.ts'

const tokens: Tokens = {
  profile: 'default',
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
const save = (store: TokenStore, value: Tokens) => store.tokens.update(value, async () => value)
const modeOf = async (file: string) => (await stat(file)).mode & 0o777

describe.each([
  ['a file', openStore],
  ['memory', createMemoryTokenStore],
])('a token store in %s', (_, open) => {
  it('has nothing at first', async () => {
    expect(await open().tokens.read(tokens)).toBeUndefined()
  })

  it('returns what was saved, for that issuer, resource and profile only', async () => {
    const store = open()
    await save(store, tokens)
    expect(await store.tokens.read(tokens)).toEqual(tokens)
    expect(await store.tokens.read({ ...tokens, issuer: 'https://other.example' })).toBeUndefined()
    expect(await store.tokens.read({ ...tokens, resource: 'https://mcp.example/other' })).toBeUndefined()
    expect(await store.tokens.read({ ...tokens, profile: 'other' })).toBeUndefined()
  })

  it('replaces what was kept, and keeps what belongs to others', async () => {
    const store = open()
    const other = { ...tokens, issuer: 'https://other.example' }
    await save(store, other)
    await save(store, tokens)
    await save(store, { ...tokens, accessToken: 'newer' })
    expect((await store.tokens.read(tokens))?.accessToken).toBe('newer')
    expect(await store.tokens.read(other)).toEqual(other)
  })

  it('lists everything, and what was saved last comes last', async () => {
    const store = open()
    const other = { ...tokens, issuer: 'https://other.example' }
    await save(store, tokens)
    await save(store, other)
    await save(store, { ...tokens, accessToken: 'newer' })
    expect(await store.tokens.list()).toEqual([other, { ...tokens, accessToken: 'newer' }])
  })

  it('keeps registrations apart from tokens', async () => {
    const store = open()
    const registration = { issuer: tokens.issuer, clientId: 'registered', origin: 'dynamic' } as const
    await save(store, tokens)
    await store.registrations.update(registration, async () => registration)
    await store.tokens.remove(tokens)
    expect(await store.registrations.read({ issuer: tokens.issuer })).toEqual(registration)
  })

  it('lets one change of a record wait for another, and see its outcome', async () => {
    const store = open()
    const first = Promise.withResolvers<Tokens>()
    const seen: unknown[] = []
    const changes = [
      store.tokens.update(tokens, () => first.promise),
      store.tokens.update(tokens, async (current) => {
        seen.push(current?.accessToken)
        return current
      }),
    ]
    first.resolve(tokens)
    await Promise.all(changes)
    expect(seen).toEqual(['access'])
  })

  it('lets changes of different records go on side by side, and loses none', async () => {
    const store = open()
    const slow = Promise.withResolvers<Tokens>()
    const waiting = store.tokens.update(tokens, () => slow.promise)
    const other = { ...tokens, resource: 'https://mcp.example/other' }
    await save(store, other)
    slow.resolve(tokens)
    await waiting
    expect(await store.tokens.list()).toEqual([other, tokens])
  })

  it('changes nothing when a change fails, and goes on', async () => {
    const store = open()
    await save(store, tokens)
    const failing = store.tokens.update(tokens, () => Promise.reject(new Error('refused')))
    await expect(failing).rejects.toThrow('refused')
    expect(await store.tokens.read(tokens)).toEqual(tokens)
    await save(store, { ...tokens, accessToken: 'newer' })
    expect((await store.tokens.read(tokens))?.accessToken).toBe('newer')
  })

  it('forgets', async () => {
    const store = open()
    await save(store, tokens)
    await store.tokens.remove(tokens)
    expect(await store.tokens.read(tokens)).toBeUndefined()
  })
})

describe('the token file', () => {
  it('is found again by the next process', async () => {
    await save(openStore(), tokens)
    expect(await openStore().tokens.read(tokens)).toEqual(tokens)
  })

  it('is for its owner only, and so is its folder (attack 46)', async () => {
    await save(openStore(), tokens)
    expect(await modeOf(path)).toBe(0o600)
    expect(await modeOf(join(folder, 'deep'))).toBe(0o700)
  })

  it('is closed to others again when somebody opened it (attack 46)', async () => {
    const store = openStore()
    await save(store, tokens)
    await chmod(path, 0o644)
    await save(store, tokens)
    expect(await modeOf(path)).toBe(0o600)
  })

  it('is replaced whole: nothing else is left in its folder', async () => {
    const store = openStore()
    await save(store, tokens)
    const { ino } = await stat(path)
    await save(store, tokens)
    expect((await stat(path)).ino).not.toBe(ino)
    expect(await readdir(join(folder, 'deep'))).toEqual(['tokens.json'])
  })

  it('is named when it cannot be used, with what to change', async () => {
    await writeFile(join(folder, 'deep'), 'not a folder')
    await expect(save(openStore(), tokens)).rejects.toMatchObject({
      message: expect.stringContaining(path),
      hint: expect.stringContaining('XDG_STATE_HOME'),
    })
  })

  it.each([
    '{"version":1,"tok',
    '[]',
    '{"version":1,"tokens":[]}',
    '{"version":2,"tokens":[{"accessToken":1}],"registrations":[]}',
  ])('is set aside when it holds %s, and the user signs in again (attack 46)', async (content) => {
    const store = openStore()
    await save(store, tokens)
    await writeFile(path, content)
    expect(await store.tokens.read(tokens)).toBeUndefined()
    const [aside] = await readdir(join(folder, 'deep'))
    expect(await readFile(join(folder, 'deep', aside ?? ''), 'utf8')).toBe(content)
    expect(warnings).toEqual([expect.stringContaining('Sign in again')])
    expect(warnings.join()).not.toContain('accessToken')
  })
})
