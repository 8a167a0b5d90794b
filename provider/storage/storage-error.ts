/** The store cannot be opened. One line that says what to do; no URL, which may hold a password, is in it. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
}

/** @throws StorageError when a newer program has changed how the store is laid out */
export function assertKnownSchema(found: number, known: number): void {
  if (found <= known) return
  throw new StorageError(
    `STORE: the store has schema version ${found} and this program knows ${known}: start the newer program.`,
  )
}
