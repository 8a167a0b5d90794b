import { chmodSync, closeSync, openSync, statSync } from 'node:fs'

/**
 * Makes a file that only this user can read and write (0600) when there is none, and takes the rights of others away
 * where there is one. To be called before SQLite opens it: its files beside it (-wal, -shm, -journal) get the same
 * mode. Does nothing more where files have no modes (Windows).
 * @throws when it belongs to another user and is open to others; what else is wrong with it, the caller finds out when it opens it
 */
export function keepPrivate(path: string): void {
  if (path === '' || path === ':memory:') return
  try {
    closeSync(openSync(path, 'a', 0o600))
  } catch {
    return
  }
  for (const name of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]) {
    const mode = statSync(name, { throwIfNoEntry: false })?.mode ?? 0
    if (mode & 0o077) chmodSync(name, mode & 0o700)
  }
}
