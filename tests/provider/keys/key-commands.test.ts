import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../../config/index.ts'
import { keyCommands, replaceKeys, rotateKeys } from '../../../provider/keys/key-commands.ts'
import { keysOf } from '../../../provider/keys/key-ring.ts'
import { createSharedKeyRing } from '../../../provider/keys/shared-key-ring.ts'
import { openStorage } from '../../../provider/storage/open-storage.ts'

const start = Date.UTC(2030, 0, 1)
const dayMs = 86_400_000

/** The key ring of a server that has run since then. */
async function ringSince(startedAt: number) {
  const storage = await openStorage('memory:')
  const before = await createSharedKeyRing(storage, 90 * dayMs, () => startedAt).load()
  return { before, shared: createSharedKeyRing(storage, 90 * dayMs, () => start) }
}

describe('--rotate-keys', () => {
  it('lets the next key sign, and names the three keys', async () => {
    const { before, shared } = await ringSince(start - dayMs)
    const words = await rotateKeys(shared, start)
    const after = await shared.load()
    expect(after.current).toEqual({ ...before.next, since: start })
    expect(words).toEqual([
      `Key ${before.next.jwk.kid} signs from now on.`,
      `Key ${after.next.jwk.kid} is published, and will be the next one.`,
      `Key ${before.current.jwk.kid} has signed until now, and verifies until 2030-01-03 00:01 UTC.`,
    ])
  })

  it('waits until the next key has been published for a day, and says so', async () => {
    const { before, shared } = await ringSince(start - dayMs + 60_000)
    const words = await rotateKeys(shared, start)
    expect((await shared.load()).current).toEqual(before.current)
    expect(words[0]).toContain(`Key ${before.next.jwk.kid} will sign from 2030-01-01 00:01 UTC on`)
  })

  it('tells nothing that is secret (attack 51)', async () => {
    const { shared } = await ringSince(start - dayMs)
    const words = [...(await rotateKeys(shared, start)), ...(await replaceKeys(shared, start))].join('\n')
    const { signing, cookies } = keysOf(await shared.load())
    for (const secret of [...cookies, ...signing.keys.map((key) => 'd' in key && key.d)]) {
      expect(words).not.toContain(secret)
    }
  })
})

describe('--replace-keys', () => {
  it('leaves none of the earlier keys', async () => {
    const { before, shared } = await ringSince(start - dayMs)
    const [words] = await replaceKeys(shared, start)
    const kids = keysOf(await shared.load()).signing.keys.map(({ kid }) => kid)
    expect(kids).toHaveLength(2)
    for (const { kid } of keysOf(before).signing.keys) expect(kids).not.toContain(kid)
    expect(words).toContain(`Key ${kids[0]} signs from now on, and all earlier keys are void`)
  })
})

describe('both', () => {
  it.each<[string, RegExp, Record<string, string>]>([
    ['the keys are in another process’s memory', /STORE +has no keys to change/, {}],
    [
      'the operator keeps all of them',
      /JWKS +is set, and so is COOKIE_KEYS/,
      { JWKS: 'keys.json', COOKIE_KEYS: 'x'.repeat(32) },
    ],
  ])('refuse when %s', async (_what, problem, env) => {
    const config = loadConfig(env, 'provider')
    for (const command of keyCommands.values()) await expect(command(config)).rejects.toThrow(problem)
  })
})
