import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ClientFailure, codeOf, exitStatus } from './failure.ts'
import { createInProcessLocks } from './in-process-locks.ts'
import { formatStoreContent, parseStoreContent } from './store-content.ts'
import { createTokenStore, type TokenStore } from './token-store.ts'

/**
 * Keeps everything in one file that only its owner can read.
 * @param path of the file; its folder is made when missing
 * @param warn told when the file cannot be understood: it is then set aside, never overwritten
 */
export function createFileTokenStore(path: string, warn: (message: string) => void): TokenStore {
  return createTokenStore({
    async load() {
      const text = await readFile(path, 'utf8').catch((error) => {
        if (codeOf(error) === 'ENOENT') return undefined
        throw unusable(path, error)
      })
      if (text === undefined) return { tokens: [], registrations: [] }
      const content = parseStoreContent(text)
      if (content) return content
      const aside = `${path}.unreadable-${randomUUID()}`
      await rename(path, aside)
      warn(`The token file could not be read and was set aside as ${aside}. Sign in again.`)
      return { tokens: [], registrations: [] }
    },
    async save(content) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((cause) => {
        throw unusable(path, cause)
      })
      const draft = `${path}.${randomUUID()}`
      try {
        await writeFile(draft, formatStoreContent(content), { mode: 0o600, flag: 'wx', flush: true })
        // A crash at any moment leaves the old file or the new one, never half of either.
        await rename(draft, path)
      } catch (cause) {
        await rm(draft, { force: true })
        throw unusable(path, cause)
      }
    },
    withLock: createInProcessLocks(),
  })
}

function unusable(path: string, cause: unknown): ClientFailure {
  return new ClientFailure(`The token file ${path} cannot be used (${codeOf(cause)}).`, {
    status: exitStatus.failed,
    hint: 'Set XDG_STATE_HOME to a folder that is yours.',
    cause,
  })
}
