import { randomBytes } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'

/**
 * Reads the key beside an SQLite file, or makes one that its owner alone may read. For development: whoever
 * takes both files can open them.
 */
export async function loadDevelopmentKey(databaseFile: string): Promise<string> {
  const file = `${databaseFile}.key`
  const known = await readFile(file, 'utf8').catch(unless('ENOENT'))
  if (known !== undefined) return known.trim()
  // Of several processes that start at once one makes it, whole.
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 })
  await link(draft, file).catch(unless('EEXIST'))
  await rm(draft)
  return (await readFile(file, 'utf8')).trim()
}

function unless(expected: string) {
  return (error: NodeJS.ErrnoException) => {
    if (error.code !== expected) throw error
    return undefined
  }
}
