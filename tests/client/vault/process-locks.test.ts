import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createProcessLocks } from '../../../client/vault/process-locks.ts'
import { killPrograms, type Program, startProgram } from '../../support/programs.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'locks-'))
})
afterEach(() => rm(folder, { recursive: true }))
afterAll(killPrograms)

/** A process that takes the lock, says so, and holds it until it is killed. */
function holder(name = 'a record'): Program {
  return startProgram('tests/support/lock-holder.ts', { LOCK_FOLDER: folder, LOCK_NAME: name })
}

describe('a lock that processes share', () => {
  it('is had by one process at a time, and ends with its holder, even by kill -9', async () => {
    const first = holder()
    await first.wrote(/locked/)
    const order: string[] = []
    const waiting = createProcessLocks({ folder })('a record', async () => void order.push('mine'))
    const second = holder('another record')
    await second.wrote(/locked/)
    expect(order).toEqual([])
    await first.stop('SIGKILL')
    await waiting
    expect(order).toEqual(['mine'])
    await second.stop('SIGKILL')
  })

  it('is handed on when a waiting process is killed', async () => {
    const first = holder()
    await first.wrote(/locked/)
    const second = holder()
    await second.wrote(/waiting/)
    await second.stop('SIGKILL')
    await first.stop('SIGKILL')
    await expect(createProcessLocks({ folder })('a record', async () => 'mine')).resolves.toBe('mine')
  })

  it('can be given up while it is waited for', async () => {
    const first = holder()
    await first.wrote(/locked/)
    const interrupt = new AbortController()
    const waiting = createProcessLocks({ folder, signal: interrupt.signal })('a record', async () => 'mine')
    interrupt.abort(new Error('Ctrl-C'))
    await expect(waiting).rejects.toThrow()
    await first.stop('SIGKILL')
  })

  it('is free again after work that failed', async () => {
    const withLock = createProcessLocks({ folder })
    await expect(withLock('a record', () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    await expect(withLock('a record', async () => 'next')).resolves.toBe('next')
  })
})
