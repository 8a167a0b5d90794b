import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../failure.ts'
import type { StoreContent, Vault } from '../token-store.ts'
import { unusable } from './unusable.ts'

/** How content becomes the text of a file. */
export interface ContentCodec {
  encode(content: StoreContent): Promise<string>
  /** @returns undefined when the text is not what `encode` wrote */
  decode(text: string): Promise<StoreContent | undefined>
}

/** Options of {@link createFileVault}. */
export interface FileVaultOptions {
  /** Of the file; its folder is made when missing. */
  readonly path: string
  readonly codec: ContentCodec
  readonly withLock: Vault['withLock']
  /** Told when the file cannot be understood: it is then set aside, never overwritten. */
  readonly warn: (message: string) => void
}

/** A vault in one file that only its owner can read. */
export function createFileVault({ path, codec, withLock, warn }: FileVaultOptions): Vault {
  return {
    withLock,
    async load() {
      const text = read(path)
      const content = text === undefined ? undefined : await codec.decode(text)
      if (content) return content
      if (text !== undefined) await setAside(path, warn)
      return { tokens: [], registrations: [] }
    },
    async save(content) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((cause) => {
        throw unusable(path, cause)
      })
      const text = await codec.encode(content)
      const draft = `${path}.${randomUUID()}`
      try {
        await writeFile(draft, text, { mode: 0o600, flag: 'wx', flush: true })
        // A crash at any moment leaves the old file or the new one, never half of either.
        await rename(draft, path)
      } catch (cause) {
        await rm(draft, { force: true })
        throw unusable(path, cause)
      }
    },
  }
}

/** Read at once, so that another thread makes the key while this one goes on. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw unusable(path, error)
  }
}

async function setAside(path: string, warn: (message: string) => void): Promise<void> {
  const aside = `${path}.unreadable-${randomUUID()}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return // another process was quicker
    throw unusable(path, error)
  }
  warn(`The token file could not be read and was set aside as ${aside}. Sign in again.`)
}
