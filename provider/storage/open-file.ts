import { statSync } from 'node:fs'

/**
 * Remembers which file lies at a path.
 * @returns throws when there is none any more, or another one: what is written to a file that was removed while it
 *   was open succeeds, and is gone when the process ends
 */
export function rememberFile(path: string): () => void {
  const opened = identityOf(path)
  return () => {
    if (identityOf(path) !== opened) {
      throw new Error(`the file ${path} was removed or replaced while it was open; restart the program`)
    }
  }
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino}`
}
