import { randomBytes, randomUUID } from 'node:crypto'
import { ClientFailure, exitStatus } from '../failure.ts'
import type { KeySource } from './key-source.ts'

/** Holds secrets by account name: the operating system's keychain. */
export interface Keychain {
  /** @returns undefined when there is none under that name @throws when the keychain cannot be asked */
  read(account: string): Promise<string | undefined>
  write(account: string, secret: string): Promise<void>
}

/** A random key that the operating system's keychain holds. */
export function createKeychainKey(keychain: Keychain): KeySource {
  return {
    kind: 'keychain',
    async create() {
      const account = `token-file-${randomUUID()}`
      const key = randomBytes(32)
      await keychain.write(account, key.toString('base64url'))
      return { key, description: { source: 'keychain', account } }
    },
    async find(description, fits) {
      if (description.source !== 'keychain') return undefined
      const secret = await keychain.read(description.account).catch((cause) => {
        throw new ClientFailure('The keychain that holds the key of the token file does not answer.', {
          status: exitStatus.failed,
          hint: 'Unlock it, or run this in your desktop session. To sign in without it: TOKEN_STORE_PASSPHRASE and another XDG_STATE_HOME',
          cause,
        })
      })
      const key = secret === undefined ? undefined : Buffer.from(secret, 'base64url')
      return key?.length === 32 && fits(key) ? key : undefined
    },
  }
}
