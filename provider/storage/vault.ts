import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** Makes what is kept useless to whoever steals it: identifiers are hashed, values sealed. */
export interface Vault {
  /** @returns a keyed hash that a text is found by again */
  hash(text: string): string
  /** @param place where it will lie: it can be opened there alone, so that entries cannot be swapped */
  seal(place: string, text: string): string
  /** @throws VaultError for what was sealed for another place, changed, or sealed with a key that is not here */
  open(place: string, sealed: string): string
  /** Whether it was sealed with the key that seals now. */
  isCurrent(sealed: string): boolean
}

/** What lies in the store cannot be read. */
export class VaultError extends Error {
  override readonly name = 'VaultError'
}

/** Leaves everything readable: for what never leaves this process. */
export const noVault: Vault = {
  hash: (text) => text,
  seal: (_place, text) => text,
  open: (_place, sealed) => sealed,
  isCurrent: () => true,
}

/** The lengths of the parts of what is sealed, in bytes. The text stands between the nonce and the tag. */
const sizes = { keyId: 6, salt: 9, nonce: 12, tag: 16 }

/** How many characters of what is sealed name its key. */
export const keyIdLength = (sizes.keyId / 3) * 4

/** Random nonces of one AES-GCM key repeat too soon after 2^32 (NIST SP 800-38D §8.3): a salt seals far fewer. */
const sealsPerSalt = 2 ** 28

/** A key from the environment, and the keys that are made of it. */
export class StoreKey {
  /** Names the key in what it sealed, and tells nothing of it. */
  readonly id: string
  readonly #secret: KeyObject
  readonly #derived = new LRUCache<string, KeyObject>({ max: 1000 })

  /** @param secret any text with at least 128 bits of entropy */
  constructor(secret: string) {
    this.#secret = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse store', 32)))
    this.id = createHmac('sha256', this.#secret).update('id').digest('base64url').slice(0, keyIdLength)
  }

  /** An AES-256 key. @param salt different for each process, and from time to time */
  derive(salt: string): KeyObject {
    const known = this.#derived.get(salt)
    if (known) return known
    // A KeyObject is several times as fast as its bytes.
    const key = createSecretKey(createHmac('sha256', this.#secret).update(`seal ${salt}`).digest())
    this.#derived.set(salt, key)
    return key
  }
}

/**
 * Seals with AES-256-GCM and hashes with HMAC-SHA-256.
 * @param keys the first seals, all open; at least one
 * @param hashKey stays the same when the others change, so that everything is found again
 */
export function createVault(keys: readonly [StoreKey, ...StoreKey[]], hashKey: KeyObject): Vault {
  // A token is looked for under several kinds, one after the other.
  let last: { readonly text?: string; readonly hash: string } = { hash: '' }
  return {
    ...createSeal(keys),
    isCurrent: (sealed) => sealed.startsWith(keys[0].id),
    hash(text) {
      if (text !== last.text) {
        last = { text, hash: createHmac('sha256', hashKey).update(text).digest('base64url') }
      }
      return last.hash
    },
  }
}

/** Seals and opens. @param keys the first seals, all open */
export function createSeal(keys: readonly [StoreKey, ...StoreKey[]]): Pick<Vault, 'seal' | 'open'> {
  const byId = new Map(keys.map((key) => [key.id, key]))
  const [first] = keys
  let salt = newSalt()
  let left = sealsPerSalt

  return {
    seal(place, text) {
      if (left-- === 0) {
        salt = newSalt()
        left = sealsPerSalt
      }
      const nonce = randomBytes(sizes.nonce)
      const cipher = createCipheriv('aes-256-gcm', first.derive(salt), nonce)
      cipher.setAAD(Buffer.from(`${first.id} ${place}`))
      const parts = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return `${first.id}${salt}${Buffer.concat(parts).toString('base64url')}`
    },

    open(place, sealed) {
      const id = sealed.slice(0, keyIdLength)
      const body = Buffer.from(sealed.slice(keyIdLength + saltLength), 'base64url')
      const key = byId.get(id)
      if (!key) throw new VaultError('An entry was sealed with a key that is not in STORE_KEY.')
      try {
        const nonce = body.subarray(0, sizes.nonce)
        const derived = key.derive(sealed.slice(keyIdLength, keyIdLength + saltLength))
        const decipher = createDecipheriv('aes-256-gcm', derived, nonce, { authTagLength: sizes.tag })
        decipher.setAAD(Buffer.from(`${id} ${place}`))
        decipher.setAuthTag(body.subarray(-sizes.tag))
        const text = decipher.update(body.subarray(sizes.nonce, -sizes.tag), undefined, 'utf8')
        return text + decipher.final('utf8')
      } catch (cause) {
        throw new VaultError('An entry of the store was changed, or belongs elsewhere.', { cause })
      }
    },
  }
}

const saltLength = (sizes.salt / 3) * 4

function newSalt(): string {
  return randomBytes(sizes.salt).toString('base64url')
}
