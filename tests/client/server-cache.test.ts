import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createServerCache } from '../../client/server-cache.ts'

let folder: string
let time: number
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'cache-')), 'deep')
  time = 1000
})
afterEach(() => rm(join(folder, '..'), { recursive: true }))

const open = (resource = 'https://mcp.example/mcp', profile = 'default') =>
  createServerCache({ folder, resource, profile, now: () => time })
const tools = [{ name: 'a_tool', inputSchema: { type: 'object' as const } }]

describe('what is remembered of a server', () => {
  it('is found again, and added to', async () => {
    await open().save({ prior: { kind: 'legacy' } })
    await open().save({ tools })
    expect(await open().load()).toEqual({ prior: { kind: 'legacy' }, tools })
  })

  it('is of one server and one identity', async () => {
    await open().save({ tools })
    expect(await open('https://mcp.example/other').load()).toBeUndefined()
    expect(await open(undefined, 'work').load()).toBeUndefined()
  })

  it('is forgotten after a day, and when the clock was set back', async () => {
    await open().save({ tools })
    time += 24 * 3600
    expect(await open().load()).toBeUndefined()
    time = 999
    expect(await open().load()).toBeUndefined()
  })

  it('is nothing when the file is damaged, or the folder cannot be had', async () => {
    await open().save({ tools })
    const [name = ''] = await readdir(folder)
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
    await writeFile(join(folder, name), '{"savedAt":')
    expect(await open().load()).toBeUndefined()
    const nowhere = createServerCache({
      folder: join(folder, name),
      resource: 'x',
      profile: 'y',
      now: () => 1,
    })
    await nowhere.save({ tools })
    expect(await nowhere.load()).toBeUndefined()
  })
})
