import { readFileSync } from 'node:fs'

/** Reads a JSON file that a variable names. The problem never quotes the file: it may hold secrets. */
export function readJsonFile(
  path: string,
): { readonly content: unknown; readonly problem?: undefined } | { readonly problem: string } {
  try {
    return { content: JSON.parse(readFileSync(path, 'utf8')) }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { problem: code === undefined ? 'the file is not JSON' : `the file cannot be read (${code})` }
  }
}
