import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { formatStoreContent, parseStoreContent } from '../store-content.ts'
import type { ContentCodec } from './file-vault.ts'
import { type KeyDescription, type KeySource, keyDescription } from './key-source.ts'

const base64 = z.string().regex(/^[A-Za-z0-9_-]*$/)
const sealed = z.object({ nonce: base64, ciphertext: base64, tag: base64 })
type Sealed = z.output<typeof sealed>

const file = z.object({
  version: z.literal(1),
  key: keyDescription,
  /** Tells a wrong key from a file that was changed. */
  check: sealed,
  content: sealed,
})

const checkText = 'This is the right key.'

/** Where keys come from. */
export interface KeySources {
  /** Of a file that is there: it names its own. */
  readonly known: readonly KeySource[]
  /** Of a new file. */
  readonly preferred: () => Promise<KeySource>
}

/**
 * Content as a file that says nothing without its key: AES-256-GCM, a nonce for each writing, bound to the head of
 * the file (NIST SP 800-38D).
 */
export function createSealedContent(sources: KeySources): ContentCodec {
  let known: { readonly description: KeyDescription; readonly key: Buffer } | undefined

  return {
    async decode(text) {
      const parsed = parse(text)
      if (!parsed) return undefined
      const { key: description, check, content } = parsed
      const source = sources.known.find(({ kind }) => kind === description.source)
      if (!source) return undefined
      const fits = (key: Buffer) => open(key, check, bind('check', description)) === checkText
      const held = known?.key
      const key = held && fits(held) ? held : await source.find(description, fits)
      if (!key) return undefined
      known = { description, key }
      const opened = open(key, content, bind('content', description))
      return opened === undefined ? undefined : parseStoreContent(opened)
    },
    async encode(content) {
      known ??= await (await sources.preferred()).create()
      const { key, description } = known
      const whole: z.input<typeof file> = {
        version: 1,
        key: description,
        check: seal(key, checkText, bind('check', description)),
        content: seal(key, formatStoreContent(content), bind('content', description)),
      }
      return `${JSON.stringify(whole, undefined, 2)}\n`
    },
  }
}

function parse(text: string): z.output<typeof file> | undefined {
  try {
    return file.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** What a sealed part is bound to: it cannot be moved to another place, or under another head. */
function bind(part: 'check' | 'content', description: KeyDescription): Buffer {
  return Buffer.from(JSON.stringify(['mcp-gatehouse token file 1', part, description]))
}

function seal(key: Buffer, text: string, additional: Buffer): Sealed {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(additional)
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return {
    nonce: nonce.toString('base64url'),
    ciphertext: ciphertext.toString('base64url'),
    tag: cipher.getAuthTag().toString('base64url'),
  }
}

/** @returns undefined when the key is another one, or anything was changed */
function open(key: Buffer, { nonce, ciphertext, tag }: Sealed, additional: Buffer): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), {
      authTagLength: 16,
    })
    decipher.setAAD(additional).setAuthTag(Buffer.from(tag, 'base64url'))
    const text = decipher.update(Buffer.from(ciphertext, 'base64url'))
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}
