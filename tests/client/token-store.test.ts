import { execFile } from 'node:child_process'
import { argon2Sync, randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createMemoryTokenStore, type TokenStore } from '../../client/token-store.ts'
import type { Tokens } from '../../client/tokens.ts'
import { openTokenStore } from '../../client/vault/open-token-store.ts'
import { createSealedContent } from '../../client/vault/sealed-content.ts'

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
let sealed: string
let warnings: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokens-'))
  path = join(folder, 'deep', 'tokens.json')
  sealed = join(folder, 'deep', 'tokens.sealed.json')
  warnings = []
})
afterEach(() => rm(folder, { recursive: true }))

const passphrase = 'a passphrase of these tests'
const tell = (message: string) => void warnings.push(message)
const options = () => ({ folder: join(folder, 'deep'), tell })
const openStore = () => openTokenStore({ ...options(), allowInsecureTokenFile: true })
const openSealed = (given = passphrase) => openTokenStore({ ...options(), given })
const save = (store: TokenStore, value: Tokens) => store.tokens.update(value, async () => value)
const files = async () => (await readdir(join(folder, 'deep'))).filter((name) => name !== 'locks')
const modeOf = async (file: string) => (await stat(file)).mode & 0o777

describe.each([
  ['a plain file', openStore],
  ['a sealed file', openSealed],
  ['memory', createMemoryTokenStore],
] as [string, () => TokenStore][])('a token store in %s', (_, open) => {
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
    expect(await files()).toEqual(['tokens.json'])
  })

  it('is named when it cannot be used, with what to change', async () => {
    await writeFile(join(folder, 'deep'), 'not a folder')
    await expect(save(openStore(), tokens)).rejects.toMatchObject({
      message: expect.stringContaining(join(folder, 'deep')),
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
    const [aside] = await files()
    expect(await readFile(join(folder, 'deep', aside ?? ''), 'utf8')).toBe(content)
    expect(warnings).toEqual([expect.stringContaining('Sign in again')])
    expect(warnings.join()).not.toContain('accessToken')
  })
})

describe('the sealed token file', () => {
  it('says nothing without its passphrase, not even whose tokens it holds (attack 46)', async () => {
    await save(openSealed(), tokens)
    const text = await readFile(sealed, 'utf8')
    for (const word of Object.values(tokens).flat()) expect(text).not.toContain(String(word))
    expect(text).not.toContain(Buffer.from(tokens.issuer).toString('base64url').slice(0, 20))
    expect(await modeOf(sealed)).toBe(0o600)
  })

  it('is found again by the next process', async () => {
    await save(openSealed(), tokens)
    expect(await openSealed().tokens.read(tokens)).toEqual(tokens)
  })

  it('stays as it is when the passphrase is another', async () => {
    await save(openSealed(), tokens)
    await expect(openSealed('another passphrase of these').tokens.list()).rejects.toMatchObject({
      message: 'The passphrase does not open the token file.',
    })
    expect(await openSealed().tokens.read(tokens)).toEqual(tokens)
  })

  it('takes no short passphrase, and none at all only for a keychain or a plain file', async () => {
    await expect(save(openSealed('fourteen chars'), tokens)).rejects.toMatchObject({
      message: expect.stringContaining('fewer than 15'),
    })
    const nobody = openTokenStore({ ...options(), openKeychain: async () => undefined })
    await expect(save(nobody, tokens)).rejects.toMatchObject({
      hint: expect.stringContaining('--allow-insecure-token-file'),
    })
  })

  it.each([
    ['content', 'ciphertext'],
    ['content', 'tag'],
    ['content', 'nonce'],
  ])('is set aside when its %s.%s was changed', async (part, field) => {
    await save(openSealed(), tokens)
    const file = JSON.parse(await readFile(sealed, 'utf8'))
    const first = file[part][field].at(0) === 'A' ? 'B' : 'A'
    file[part][field] = first + file[part][field].slice(1)
    await writeFile(sealed, JSON.stringify(file))
    expect(await openSealed().tokens.list()).toEqual([])
    expect(warnings).toEqual([expect.stringContaining('set aside')])
  })

  it('opens when its key was made at another cost, as older files say', async () => {
    const salt = randomBytes(16)
    const cost = { memory: 47_104, passes: 1, parallelism: 1 } as const
    const key = argon2Sync('argon2id', { message: passphrase, nonce: salt, tagLength: 32, ...cost })
    const description = { source: 'passphrase', salt: salt.toString('base64url'), ...cost } as const
    const source = {
      kind: 'passphrase',
      create: async () => ({ key, description }),
      find: async () => key,
    } as const
    const older = createSealedContent({ known: [source], preferred: async () => source })
    await mkdir(join(folder, 'deep'))
    await writeFile(sealed, await older.encode({ tokens: [tokens], registrations: [] }))
    expect(await openSealed().tokens.read(tokens)).toEqual(tokens)
    expect(warnings).toEqual([])
  })

  it('is not opened for a foreign file that would cost a lot to try', async () => {
    await save(openSealed(), tokens)
    const file = JSON.parse(await readFile(sealed, 'utf8'))
    await writeFile(sealed, JSON.stringify({ ...file, key: { ...file.key, memory: 2 ** 30 } }))
    expect(await openSealed().tokens.list()).toEqual([])
  })

  it('is asked for at the terminal: twice when it is new, and again when it was mistyped', async () => {
    const answers = ['short', passphrase, 'mistyped', passphrase, passphrase]
    const asking = openTokenStore({
      ...options(),
      openKeychain: async () => undefined,
      ask: async () => answers.shift() ?? '',
    })
    await save(asking, tokens)
    expect(answers).toEqual([])
    const retyped = ['mistyped once', passphrase]
    const next = openTokenStore({ ...options(), ask: async () => retyped.shift() ?? '' })
    expect(await next.tokens.read(tokens)).toEqual(tokens)
    expect(await next.tokens.read(tokens)).toEqual(tokens)
  })

  it('is kept as it was when the disk is full, and the client says so', async () => {
    await save(openSealed(), tokens)
    const before = await readFile(sealed, 'utf8')
    const command = `ulimit -f 0; exec '${process.execPath}' tests/support/store-user.ts '${join(folder, 'deep')}' save`
    const { stdout } = await promisify(execFile)('sh', ['-c', command], {
      env: { PATH: process.env.PATH, TOKEN_STORE_PASSPHRASE: passphrase },
    })
    expect(stdout).toMatch(/^The token file .* cannot be used/m)
    expect(await readFile(sealed, 'utf8')).toBe(before)
    expect(await files()).toEqual(['tokens.sealed.json'])
  })
})
