import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { InvalidJwksError, parseJwks } from '../../../provider/keys/parse-jwks.ts'

const elliptic = (namedCurve = 'P-256'): JWK =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' }) as JWK
const rsa = (modulusLength = 2048): JWK =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' }) as JWK
const parse = (...keys: unknown[]) => parseJwks(JSON.stringify({ keys }))

const ec = elliptic()
const other = elliptic()
const largeRsa = rsa()
const { d: _, ...publicKey } = ec

describe('parseJwks', () => {
  it('takes ES256 and RS256 keys in their order, and names those that have no name', async () => {
    const { keys } = await parse({ ...largeRsa, kid: 'mine' }, ec)
    expect(keys).toEqual([
      { ...largeRsa, kid: 'mine', alg: 'RS256', use: 'sig' },
      { ...ec, kid: await calculateJwkThumbprint(ec), alg: 'ES256', use: 'sig' },
    ])
  })

  it.each<[string, unknown[], RegExp]>([
    ['a public key', [publicKey], /key 1: "d" missing/],
    ['another curve', [elliptic('P-384')], /key 1: "crv"/],
    ['another algorithm', [{ ...ec, alg: 'ES384' }], /key 1: "alg"/],
    ['a secret', [ec, { kty: 'oct', k: 'c2VjcmV0' }], /key 2: "kty"/],
    ['an encryption key', [{ ...ec, use: 'enc' }], /key 1: "use"/],
    ['halves of two keys', [{ ...ec, d: other.d }], /key 1: .*not a pair/],
    ['a point off the curve', [{ ...ec, x: ec.y }], /key 1: cannot be read/],
    ['a short RSA key', [rsa(1024)], /key 1: has fewer than 2048 bits/],
    [
      'two keys of one name',
      [
        { ...ec, kid: 'a' },
        { ...other, kid: 'a' },
      ],
      /same "kid"/,
    ],
    ['no key', [], /list of 1 to 20/],
    ['too many', Array(21).fill(ec), /list of 1 to 20/],
    ['null', [null], /key 1/],
  ])('refuses %s', async (_what, keys, problem) => {
    await expect(parse(...keys)).rejects.toThrow(problem)
    await expect(parse(...keys)).rejects.toBeInstanceOf(InvalidJwksError)
  })

  it.each(['', 'not JSON', '[]', 'null', '{"keys":{}}', '-----BEGIN PRIVATE KEY-----'])(
    'refuses what is no JWKS: %s',
    async (json) => {
      await expect(parseJwks(json)).rejects.toThrow(/is not a JWKS/)
    },
  )

  it('refuses oidc-provider’s development key, whatever it is called (attacks 0i, 49)', async () => {
    const consts = new URL('../../../node_modules/oidc-provider/lib/consts/dev_keystore.js', import.meta.url)
    const { default: published } = await import(consts.href)
    await expect(parse({ ...published.keys[0], kid: 'mine' })).rejects.toThrow(/development key/)
  })

  it('shows nothing of a key in its errors, however it is damaged (attack 51)', async () => {
    const members = ['kty', 'crv', 'x', 'y', 'd', 'alg', 'use', 'kid'] as const
    const damage = fc.record({
      member: fc.constantFrom(...members),
      value: fc.oneof(fc.constant(undefined), fc.constant(ec.d), fc.constant(`${ec.d}=`), fc.integer()),
      cut: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(damage, async ({ member, value, cut }) => {
        const json = JSON.stringify({ keys: [{ ...ec, [member]: value }] })
        const error = await parseJwks(cut ? json.slice(0, -3) : json).catch((thrown: unknown) => thrown)
        if (error instanceof Error) expect(inspect(error, { depth: 9 })).not.toContain(ec.d)
      }),
    )
  })
})
