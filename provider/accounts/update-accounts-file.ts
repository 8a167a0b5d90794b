import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { takeLockFile } from '../../runtime/lock-file.ts'
import { AccountsFileError, readAccountsFile, type StoredAccount } from './accounts-file.ts'

/** How long another change is waited for, in milliseconds. */
const lockTimeoutMs = 10_000

/**
 * Changes the file of accounts: one change at a time, and at each moment the old file or the new one.
 * @param change gets what stands there now, undefined when there is no file yet
 * @throws AccountsFileError when it cannot be read; what `change` throws leaves the file as it was
 */
export function updateAccountsFile(
  path: string,
  change: (accounts: readonly StoredAccount[] | undefined) => readonly StoredAccount[],
): void {
  withLock(path, () => {
    const accounts = change(fs.existsSync(path) ? readAccountsFile(path) : undefined)
    replaceFile(path, `${JSON.stringify({ accounts }, undefined, 2)}\n`)
  })
}

function withLock(path: string, work: () => void): void {
  const lock = `${path}.lock`
  // Made here, so that only its owner can hold up changes.
  fs.closeSync(fs.openSync(lock, 'a', 0o600))
  const release = takeLockFile(lock, lockTimeoutMs)
  if (!release) throw new AccountsFileError(path, ['is being changed by another program: try again'])
  try {
    work()
  } finally {
    release()
  }
}

function replaceFile(path: string, text: string): void {
  const existing = fs.existsSync(path)
  // A link goes on leading to where it led.
  const target = existing ? fs.realpathSync(path) : path
  const draft = `${target}.${randomUUID()}`
  const descriptor = fs.openSync(draft, 'wx', 0o600)
  try {
    fs.writeSync(descriptor, text)
    if (existing) keepOwner(descriptor, fs.statSync(target))
    fs.fsyncSync(descriptor)
    fs.closeSync(descriptor)
    fs.renameSync(draft, target)
  } catch (error) {
    fs.rmSync(draft, { force: true })
    throw error
  }
  if (process.platform === 'win32') return
  const folder = fs.openSync(dirname(target), 'r')
  fs.fsyncSync(folder)
  fs.closeSync(folder)
}

/** A file that root changes must stay readable for the server. */
function keepOwner(descriptor: number, { mode, uid, gid }: fs.Stats): void {
  fs.fchmodSync(descriptor, mode & 0o644)
  if (process.getuid?.() === 0) fs.fchownSync(descriptor, uid, gid)
}
