import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PriorDiscovery, Tool } from '@modelcontextprotocol/client'
import { z } from 'zod'

/** What one identity knows of an MCP server from before. */
export interface ServerKnowledge {
  /** What it speaks: the SDK's own record. */
  readonly prior?: PriorDiscovery
  readonly tools?: readonly Tool[]
}

/** Remembers what a server said about itself. A cache: it may be lost at any time, and losing it costs a request. */
export interface ServerCache {
  /** @returns undefined when nothing is known, or it is too old */
  load(): Promise<ServerKnowledge | undefined>
  /** Adds to what is known. */
  save(knowledge: ServerKnowledge): Promise<void>
  forget(): Promise<void>
}

/** Options of {@link createServerCache}. */
export interface ServerCacheOptions {
  readonly folder: string
  readonly resource: string
  readonly profile: string
  /** Unix seconds. */
  readonly now: () => number
}

/** How long a server's word is taken, in seconds. */
const maxAgeSeconds = 24 * 3600

const schema = z.object({
  savedAt: z.number(),
  resource: z.string(),
  prior: z.custom<PriorDiscovery>((value) => typeof value === 'object').optional(),
  tools: z.array(z.custom<Tool>((value) => typeof Object(value).name === 'string')).optional(),
})

/** Keeps it in a file for each server and identity. Nothing in it is a secret. */
export function createServerCache({ folder, resource, profile, now }: ServerCacheOptions): ServerCache {
  const name = createHash('sha256')
    .update(JSON.stringify([resource, profile]))
    .digest('hex')
    .slice(0, 32)
  const path = join(folder, `${name}.json`)

  async function load(): Promise<z.output<typeof schema> | undefined> {
    const known = schema.safeParse(parse(await readFile(path, 'utf8').catch(() => ''))).data
    const isOurs = known?.resource === resource && known.savedAt <= now()
    return isOurs && known.savedAt + maxAgeSeconds > now() ? known : undefined
  }

  return {
    async load() {
      const known = await load()
      return (
        known && { ...(known.prior && { prior: known.prior }), ...(known.tools && { tools: known.tools }) }
      )
    },
    async save(knowledge) {
      const known = await load()
      const draft = `${path}.${randomUUID()}`
      const content = { savedAt: now(), ...known, ...knowledge, resource }
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFile(draft, JSON.stringify(content), { mode: 0o600, flag: 'wx' })
        await rename(draft, path)
      } catch {
        await rm(draft, { force: true }).catch(() => {}) // without a cache all works as well
      }
    },
    forget: async () => await rm(path, { force: true }).catch(() => {}),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
