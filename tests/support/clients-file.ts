import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-clients-'))
afterAll(() => rmSync(folder, { recursive: true }))
let count = 0

/** Writes a file for CLIENTS, which goes when the test file ends. @returns its path */
export function writeClientsFile(content: unknown): string {
  count += 1
  const path = join(folder, `${count}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
