import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createJwksSource } from '../../../provider/keys/jwks-source.ts'
import { createFlood, openAnswering } from '../../support/flood.ts'
import { openServer, type TestServer } from '../../support/http-server.ts'

const jwks = (...kids: string[]) =>
  JSON.stringify({
    keys: kids.map((kid) => ({
      ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
      kid,
    })),
  })
const kids = ({ keys }: { keys: readonly { kid?: string | undefined }[] }) => keys.map(({ kid }) => kid)

describe('a file of keys', () => {
  let folder: string
  let path: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  beforeEach(async () => {
    path = join(folder, crypto.randomUUID())
    await writeFile(path, jwks('first'), { mode: 0o600 })
  })
  const load = () => createJwksSource(path, Date.now).load()

  it('is read again each time, so that a change is seen', async () => {
    const source = createJwksSource(path, Date.now)
    expect(kids(await source.load())).toEqual(['first'])
    await writeFile(`${path}.new`, jwks('second', 'first'), { mode: 0o600 })
    await rename(`${path}.new`, path)
    expect(kids(await source.load())).toEqual(['second', 'first'])
  })

  it.each([0o604, 0o602, 0o620, 0o606])('may not be open to others: mode %o', async (mode) => {
    await chmod(path, mode)
    await expect(load()).rejects.toThrow('open to other users: chmod 600')
  })

  it('says why it cannot be read', async () => {
    await writeFile(path, ' '.repeat(65 * 1024))
    await expect(load()).rejects.toThrow('too large')
    await rm(path)
    await expect(load()).rejects.toThrow('cannot be read (ENOENT)')
    path = folder
    await expect(load()).rejects.toThrow(/cannot be read \(EISDIR\)|open to other users/)
  })
})

describe('a URL of keys', () => {
  let server: TestServer
  let answer: { status: number; body: string; headers?: Record<string, string> }
  let seen: (string | undefined)[] = []
  let now = 0
  beforeAll(async () => {
    server = await openServer((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(answer.status, answer.headers).end(answer.body)
    })
  })
  afterAll(() => server.close())
  beforeEach(() => {
    answer = { status: 200, body: jwks('first') }
    seen = []
  })
  const source = (url = `${server.origin}/v1/secret-path`) => createJwksSource(url, () => now)

  it('is asked once a minute', async () => {
    const { load } = source()
    await load()
    answer.body = jwks('second')
    now += 59_999
    expect(kids(await load())).toEqual(['first'])
    now += 1
    expect(kids(await load())).toEqual(['second'])
    expect(seen).toHaveLength(2)
  })

  it('is not asked more often when it fails', async () => {
    const { load } = source()
    answer = { status: 503, body: '' }
    await expect(load()).rejects.toThrow('answered with 503')
    await expect(load()).rejects.toThrow('answered with 503')
    expect(seen).toHaveLength(1)
    answer = { status: 200, body: jwks('first') }
    now += 60_000
    expect(kids(await load())).toEqual(['first'])
  })

  it('gets the user name and the password in it as Basic authentication', async () => {
    const url = new URL(server.origin)
    Object.assign(url, { username: 'reader', password: 'p:ä/' })
    await source(url.href).load()
    expect(seen).toEqual([`Basic ${Buffer.from('reader:p:ä/').toString('base64')}`])
  })

  it.each<[string, typeof answer, RegExp]>([
    ['a redirect', { status: 302, body: '', headers: { location: '/other' } }, /cannot be fetched/],
    ['an error', { status: 404, body: '' }, /answered with 404/],
    ['too much', { status: 200, body: ' '.repeat(65 * 1024) }, /too large/],
    ['something else', { status: 200, body: '<html>' }, /is not a JWKS/],
  ])('is refused with %s', async (_what, sent, problem) => {
    answer = sent
    await expect(source().load()).rejects.toThrow(problem)
    expect(seen).toHaveLength(1)
  })

  it('is not read without end', async () => {
    const flood = createFlood({ coding: 'gzip' })
    const endless = await openAnswering(flood.send)
    await expect(source(`${endless.origin}/keys`).load()).rejects.toThrow(
      'the answer is too large for a JWKS',
    )
    expect(await flood.ended()).toBe('the client hung up')
    await endless.close()
  })

  it('is not shown in errors, for it may be a secret (attack 51)', async () => {
    for (const url of [`${server.origin}/CANARY?token=CANARY`, 'http://user:CANARY@127.0.0.1:1/CANARY']) {
      answer = { status: 500, body: 'CANARY' }
      const error = await source(url)
        .load()
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(Error)
      expect(inspect(error, { depth: 9 })).not.toContain('CANARY')
    }
  })
})
