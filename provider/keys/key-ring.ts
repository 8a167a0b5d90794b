import { randomBytes } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { lifetimes } from '../lifetimes.ts'
import type { Keys } from './keys.ts'

/** What signs at one time: the key of the ID tokens, and the secret of cookies and forms. */
export interface KeyGeneration {
  /** A private key. */
  readonly jwk: JWK & { readonly kid: string }
  readonly secret: string
  /** Since when everyone can have known the public key, Unix milliseconds. */
  readonly publishedAt: number
}

/** The keys that this server makes for itself, all replicas the same. Plain data, never changed in place. */
export interface KeyRing {
  /** Signs, and has done so since then. */
  readonly current: KeyGeneration & { readonly since: number }
  /** Published, so that it is known when it begins to sign. */
  readonly next: KeyGeneration
  /** When somebody has asked for the next one before its time. */
  readonly rotateAt?: number
  /** Have signed, and still verify until then. The newest first. */
  readonly retired: readonly (KeyGeneration & { readonly until: number })[]
}

const hourMs = 3_600_000

/**
 * How long a key is published before it signs. Clients fetch a JWKS again after minutes (jose: 10) to hours
 * (.NET: 12); Microsoft's advice for verifiers, 24 hours, is the longest in wide use.
 */
export const publishedAheadMs = 24 * hourMs

/** The clocks of replicas and clients differ. */
const toleranceMs = 60_000

/**
 * How long a key verifies after it has signed for the last time: an ID token is looked at until it expires,
 * or as an `id_token_hint` while the session lasts, by a client that may have fetched the JWKS a day ago.
 */
export const keptMs =
  Math.max(lifetimes.idToken, lifetimes.sessionIdle) * 1000 + publishedAheadMs + toleranceMs

/** Makes keys that have signed nothing: those of a first start, or those that follow leaked ones. */
export async function createKeyRing(now: number): Promise<KeyRing> {
  const [current, next] = await Promise.all([createGeneration(now), createGeneration(now)])
  return { current: { ...current, since: now }, next, retired: [] }
}

/**
 * Does what is due: the next key becomes the current one, another one is published, what nothing is signed
 * with any more is dropped.
 * @param now Unix milliseconds
 * @param rotationMs how long a key signs. Default: until somebody asks for the next one
 * @returns the same object when nothing was due
 */
export async function advanceKeyRing(
  ring: KeyRing,
  now: number,
  rotationMs = Number.POSITIVE_INFINITY,
): Promise<KeyRing> {
  const retired = ring.retired.filter(({ until }) => until > now)
  if (now >= rotationTime(ring, rotationMs)) {
    const { since: _, ...last } = ring.current
    return {
      current: { ...ring.next, since: now },
      next: await createGeneration(now),
      retired: [{ ...last, until: now + keptMs }, ...retired],
    }
  }
  return retired.length === ring.retired.length ? ring : { ...ring, retired }
}

/** When the next key will begin to sign, Unix milliseconds: never before it has been published long enough. */
export function rotationTime(
  { current, next, rotateAt }: KeyRing,
  rotationMs = Number.POSITIVE_INFINITY,
): number {
  return Math.max(rotateAt ?? current.since + rotationMs, next.publishedAt + publishedAheadMs)
}

/** All of the ring's keys, in oidc-provider's order: what signs comes first, the others verify. */
export function keysOf({ current, next, retired }: KeyRing): Keys {
  const all = [current, next, ...retired]
  return { signing: { keys: all.map(({ jwk }) => jwk) }, cookies: all.map(({ secret }) => secret) }
}

async function createGeneration(now: number): Promise<KeyGeneration> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return {
    jwk: { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' },
    secret: randomBytes(32).toString('base64url'),
    publishedAt: now,
  }
}
