import { createInProcessLocks } from './in-process-locks.ts'
import type { Registration, RegistrationKey } from './registration.ts'
import type { TokenKey, Tokens } from './tokens.ts'

/** Records of one kind. A record holds its own key. */
export interface Shelf<Key, Value extends Key> {
  /** @returns undefined when there is none */
  read(key: Key): Promise<Value | undefined>
  /**
   * Changes one record while nobody else changes it, neither in this process nor in another: whoever comes
   * meanwhile waits, and then sees what was kept. `change` may take as long as a person who signs in.
   * @param change what it returns is kept; undefined removes the record, the same object keeps it as it is.
   *   When it throws, nothing has changed.
   * @returns what `change` returns
   */
  update(
    key: Key,
    change: (current: Value | undefined) => Promise<Value | undefined>,
  ): Promise<Value | undefined>
  remove(key: Key): Promise<void>
  /** All records; the one saved last comes last. */
  list(): Promise<readonly Value[]>
}

/**
 * What the client keeps between runs. Everything in it is a secret of one issuer: nothing that is kept under
 * one issuer's name is ever shown to another.
 */
export interface TokenStore {
  readonly tokens: Shelf<TokenKey, Tokens>
  readonly registrations: Shelf<RegistrationKey, Registration>
}

/** All that a store holds. */
export interface StoreContent {
  readonly tokens: readonly Tokens[]
  readonly registrations: readonly Registration[]
}

/** A place for a store's content: a file, a keychain, memory. */
export interface Vault {
  /** Nothing at first. Content that cannot be understood is set aside, never wiped. */
  load(): Promise<StoreContent>
  /** Replaces the content as a whole: a crash leaves the old or the new, never half of either. */
  save(content: StoreContent): Promise<void>
  /** Runs `work` while nobody else who shares the vault runs another under the same name. */
  withLock<Result>(name: string, work: () => Promise<Result>): Promise<Result>
}

/** A store with its content in `vault`. */
export function createTokenStore(vault: Vault): TokenStore {
  return {
    tokens: createShelf(vault, 'tokens', ['profile', 'issuer', 'resource']),
    registrations: createShelf(vault, 'registrations', ['issuer']),
  }
}

/** Keeps everything for as long as the process runs. */
export function createMemoryTokenStore(): TokenStore {
  let content: StoreContent = { tokens: [], registrations: [] }
  return createTokenStore({
    load: async () => content,
    save: async (next) => {
      content = next
    },
    withLock: createInProcessLocks(),
  })
}

function createShelf<Name extends keyof StoreContent, Key extends object, Value extends Key>(
  vault: Vault,
  name: Name,
  keyNames: readonly (string & keyof Key)[],
): Shelf<Key, Value> {
  const nameOf = (key: Key) => JSON.stringify([name, ...keyNames.map((part) => key[part])])
  const all = async () => (await vault.load())[name] as unknown as readonly Value[]
  const read = async (key: Key) => (await all()).find((value) => nameOf(value) === nameOf(key))

  /** The content is locked for the moment of writing only, a record for as long as its change takes. */
  const write = async (key: Key, value: Value | undefined) =>
    await vault.withLock('content', async () => {
      const others = (await all()).filter((other) => nameOf(other) !== nameOf(key))
      const values = value === undefined ? others : [...others, value]
      await vault.save({ ...(await vault.load()), [name]: values })
    })

  return {
    read,
    list: all,
    update: async (key, change) =>
      await vault.withLock(nameOf(key), async () => {
        const current = await read(key)
        const next = await change(current)
        if (next !== current) await write(key, next)
        return next
      }),
    remove: async (key) => await vault.withLock(nameOf(key), async () => await write(key, undefined)),
  }
}
