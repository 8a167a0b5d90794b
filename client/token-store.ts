import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { ClientFailure, codeOf, exitStatus } from './failure.ts'
import type { TokenKey, Tokens } from './tokens.ts'

/** Where tokens are kept between runs. */
export interface TokenStore {
  /**
   * @param key with `issuer` exactly that grant's tokens, without it the ones saved last for the others
   * @returns undefined when there are none
   */
  find(key: Omit<TokenKey, 'issuer'> & Partial<TokenKey>): Promise<Tokens | undefined>
  /** Replaces what was kept under the same issuer, resource and client. */
  save(tokens: Tokens): Promise<void>
  forget(key: TokenKey): Promise<void>
}

const storedTokens = z.object({
  issuer: z.string(),
  resource: z.string(),
  clientId: z.string(),
  accessToken: z.string(),
  refreshToken: z.string().optional(),
  expiresAt: z.number().optional(),
  scopes: z.array(z.string()).readonly(),
})
const fileContent = z.object({ version: z.literal(1), tokens: z.array(storedTokens).readonly() })

/** Keeps tokens for as long as the process runs. */
export function createMemoryTokenStore(): TokenStore {
  let kept: readonly Tokens[] = []
  return createTokenStore({
    load: async () => kept,
    save: async (tokens) => {
      kept = tokens
    },
  })
}

/**
 * Keeps tokens in one file that only its owner can read.
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
      if (text === undefined) return []
      const content = fileContent.safeParse(parseJson(text))
      if (content.success) return content.data.tokens
      const aside = `${path}.unreadable-${randomUUID()}`
      await rename(path, aside)
      warn(`The token file could not be read and was set aside as ${aside}. Sign in again.`)
      return []
    },
    async save(tokens) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((cause) => {
        throw unusable(path, cause)
      })
      const draft = `${path}.${randomUUID()}`
      const content: z.input<typeof fileContent> = { version: 1, tokens }
      try {
        await writeFile(draft, `${JSON.stringify(content, undefined, 2)}\n`, {
          mode: 0o600,
          flag: 'wx',
          flush: true,
        })
        // A crash at any moment leaves the old file or the new one, never half of either.
        await rename(draft, path)
      } catch (cause) {
        await rm(draft, { force: true })
        throw unusable(path, cause)
      }
    },
  })
}

function unusable(path: string, cause: unknown): ClientFailure {
  return new ClientFailure(`The token file ${path} cannot be used (${codeOf(cause)}).`, {
    status: exitStatus.failed,
    hint: 'Set XDG_STATE_HOME to a folder that is yours.',
    cause,
  })
}

interface Shelf {
  load(): Promise<readonly Tokens[]>
  save(tokens: readonly Tokens[]): Promise<void>
}

function createTokenStore(shelf: Shelf): TokenStore {
  const others = async (key: TokenKey) => (await shelf.load()).filter((tokens) => !sameKey(tokens, key))
  return {
    async find({ issuer, resource, clientId }) {
      const all = await shelf.load()
      return all.findLast((tokens) =>
        sameKey(tokens, { issuer: issuer ?? tokens.issuer, resource, clientId }),
      )
    },
    save: async (tokens) => await shelf.save([...(await others(tokens)), tokens]),
    forget: async (key) => await shelf.save(await others(key)),
  }
}

function sameKey(a: TokenKey, b: TokenKey): boolean {
  return a.issuer === b.issuer && a.resource === b.resource && a.clientId === b.clientId
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
