import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { findHydra } from './hydra/find-hydra.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-hydra-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** With nothing but a `go` that says this of itself, or without any. */
async function find(goVersion?: string): Promise<string> {
  const go = join(folder, 'go')
  if (goVersion !== undefined) {
    await writeFile(go, `#!/bin/sh\necho 'go version ${goVersion} linux/amd64'\n`)
    await chmod(go, 0o755)
  }
  const tell = () => {
    throw new Error('It is being built.')
  }
  return await findHydra({
    env: { PATH: folder, XDG_CACHE_HOME: folder },
    tell,
    signal: AbortSignal.abort(),
  })
}

describe('where Hydra has to be built', () => {
  it.each([
    ['no go', undefined, /^There is no go to build Hydra with/],
    ['the Go of Debian 12', 'go1.19.8', /^Go 1\.19 is too old to build Hydra with/],
    ['a Go of one digit', 'go1.9', /^Go 1\.9 is too old/],
    ['a new Go and no gcc', 'go1.22.0', /^There is no gcc to build Hydra with/],
  ])('and there is %s, that is said before anything is built, and what will do', async (_, go, problem) => {
    const error = await find(go).catch((reason) => reason)
    expect(error.message).toMatch(problem)
    expect(error.message).toContain('Go 1.22 or newer (https://go.dev/dl')
    expect(error.message).toContain('HYDRA=')
  })
})
