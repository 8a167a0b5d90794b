import { readFileSync } from 'node:fs'

/** Reads a JSON file that a variable names. The problem never quotes the file: it may hold secrets. */
export function readJsonFile(
  path: string,
): { readonly content: unknown; readonly problem?: undefined } | { readonly problem: string } {
  try {
    return { content: JSON.parse(readFileSync(path, 'utf8')) }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== undefined) return { problem: `the file cannot be read (${code})` }
    // V8 names the place of most mistakes. Its other words quote the file.
    const [, place] = /\((line \d+ column \d+)\)/.exec(message) ?? []
    return { problem: place === undefined ? 'the file is not JSON' : `the file is not JSON: ${place}` }
  }
}
