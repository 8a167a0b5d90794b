import { join } from 'node:path'
import { formatStoreContent, parseStoreContent } from '../store-content.ts'
import { createTokenStore, type TokenStore } from '../token-store.ts'
import { type ContentCodec, createFileVault } from './file-vault.ts'
import { createKeychainKey, type Keychain } from './keychain-key.ts'
import { createPassphraseKey, type PassphraseInput } from './passphrase-key.ts'
import { createProcessLocks } from './process-locks.ts'
import { createSealedContent, type KeySources } from './sealed-content.ts'
import { openSystemKeychain } from './system-keychain.ts'

/** Options of {@link openTokenStore}. */
export interface TokenStoreOptions extends Omit<PassphraseInput, 'file'> {
  /** The folder that everything lies in; made when missing. */
  readonly folder: string
  /** Keep the tokens in a plain file that only its owner can read. */
  readonly allowInsecureTokenFile?: boolean
  /** Ends the waiting for other processes. */
  readonly signal?: AbortSignal
  /** Opens the keychain; undefined where there is none. Default: the operating system's. */
  readonly openKeychain?: typeof openSystemKeychain
}

/**
 * Opens the store of the client's tokens, shared by all its processes: a file, encrypted with a key from the operating
 * system's keychain or, where there is none, with a passphrase.
 */
export function openTokenStore(options: TokenStoreOptions): TokenStore {
  const { folder, allowInsecureTokenFile = false, signal, tell } = options
  const file = join(folder, allowInsecureTokenFile ? 'tokens.json' : 'tokens.sealed.json')
  return createTokenStore(
    createFileVault({
      path: file,
      codec: allowInsecureTokenFile ? plainContent : createSealedContent(keySources({ ...options, file })),
      warn: tell,
      withLock: createProcessLocks({
        folder: join(folder, 'locks'),
        ...(signal && { signal }),
        onWait: () => tell('Another process of this client is signing in: waiting for it …'),
      }),
    }),
  )
}

/** A file without any protection but its mode. */
const plainContent: ContentCodec = {
  encode: async (content) => formatStoreContent(content),
  decode: async (text) => parseStoreContent(text),
}

function keySources(options: TokenStoreOptions & PassphraseInput): KeySources {
  const { openKeychain = openSystemKeychain, given } = options
  const passphrase = createPassphraseKey(options)
  const keychain = createKeychainKey({
    read: async (account) => await (await required(openKeychain())).read(account),
    write: async (account, secret) => await (await required(openKeychain())).write(account, secret),
  })
  return {
    known: [keychain, passphrase],
    preferred: async () => (given === undefined && (await openKeychain()) ? keychain : passphrase),
  }
}

async function required(opening: Promise<Keychain | undefined>): Promise<Keychain> {
  const keychain = await opening
  if (keychain) return keychain
  throw new Error('there is no keychain')
}
