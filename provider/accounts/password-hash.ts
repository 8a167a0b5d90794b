import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** What a password must lead to, and at what cost. */
export interface PasswordHash {
  readonly cost: PasswordCost
  readonly salt: Buffer
  readonly tag: Buffer
}

/** argon2id's parameters, by their names in PHC strings: KiB of memory, passes, lanes. */
export interface PasswordCost {
  readonly m: number
  readonly t: number
  readonly p: number
}

/** OWASP's password storage cheat sheet: 19 MiB, two passes, one lane. About 20 ms. */
const defaultCost: PasswordCost = { m: 19_456, t: 2, p: 1 }

/** OWASP's five choices trade memory for passes; the cheapest of them is this much work. */
const leastWork = 7_168 * 5
const leastMemory = 7_168
/** A login may not take the server's memory or minutes of its time. */
const most: PasswordCost = { m: 262_144, t: 64, p: 16 }

const deriveTag = promisify(argon2)

/** @returns a PHC string with a salt of its own */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const tag = await derive(password, { cost: defaultCost, salt, tag: Buffer.alloc(32) })
  const { m, t, p } = defaultCost
  return `$argon2id$v=19$m=${m},t=${t},p=${p}$${base64(salt)}$${base64(tag)}`
}

/** Compares in constant time. The hash takes a thread of the pool, not this one. */
export async function verifyPassword(password: string, expected: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, expected), expected.tag)
}

/** A hash that no password leads to, and that costs what others cost. */
export function unreachableHash(cost: PasswordCost = defaultCost): PasswordHash {
  return { cost, salt: randomBytes(16), tag: randomBytes(32) }
}

/**
 * Reads `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`, both in base64 without padding.
 * @throws TypeError saying what the string is not; never what it is
 */
export function parsePasswordHash(phc: string): PasswordHash {
  const [, m, t, p, salt, tag] =
    /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$([\w+/]{11,})\$([\w+/]{22,})$/.exec(phc) ?? []
  if (salt === undefined || tag === undefined) throw new TypeError('is not an argon2id hash in PHC form')
  const cost = { m: Number(m), t: Number(t), p: Number(p) }
  if (cost.m < leastMemory || cost.m * cost.t < leastWork || cost.p < 1) {
    throw new TypeError('is cheaper to guess than OWASP permits: set the password again')
  }
  if (cost.m > most.m || cost.t > most.t || cost.p > most.p) {
    throw new TypeError(`costs more than m=${most.m},t=${most.t},p=${most.p}`)
  }
  return { cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}

function derive(password: string, { cost: { m, t, p }, salt, tag }: PasswordHash): Promise<Buffer> {
  const parameters: Argon2Parameters = {
    // The same characters, however the keyboard composes them (NIST SP 800-63B-4 §3.1.1.2).
    message: password.normalize('NFC'),
    nonce: salt,
    parallelism: p,
    tagLength: tag.length,
    memory: m,
    passes: t,
  }
  return deriveTag('argon2id', parameters)
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
