import { type AdapterPayload, errors, Provider } from 'oidc-provider'
import { lifetimes } from '../lifetimes.ts'
import { endGrant } from './grant-end.ts'
import type { Entry, Storage } from './storage.ts'

/** What is kept of a refresh token's use. */
interface Use {
  /** Unix milliseconds. */
  readonly at: number
  /** What replaced it. Absent when nothing did. */
  readonly successor?: string
}

/** A refresh token that a request uses, and what is to replace it. */
interface Rotation {
  readonly id: string
  readonly successor?: { readonly id: string; readonly entry: Entry }
}

/** Options of {@link RefreshRotation}. */
export interface RefreshRotationOptions {
  readonly storage: Storage
  /** How long a retry is forgiven of a client that proves who it is, in seconds. Default 0. */
  readonly graceSeconds?: number
  /** The clock, Unix milliseconds. */
  readonly now: () => number
}

/** By the request's context: nothing of a request outlives it. */
const rotations = new WeakMap<object, Rotation>()

/**
 * To be called before tokens are answered.
 * @throws Error when they were not written: without a record of the access token there is nothing to write them with
 */
export function assertRotationWritten(request: object): void {
  if (rotations.has(request)) throw new Error('A rotated refresh token was not written.')
}

/** Longer than any refresh token lives. */
const useTtlMs = (lifetimes.refreshTokenIdle + 60) * 1000

/**
 * Replaces refresh tokens. oidc-provider uses the old one up, saves the new one, then the access token; here
 * the three are written at once, when the last is saved: a store that fails in between leaves the old one good
 * (so that the client's retry is no replay), and of many requests with one token exactly one wins.
 */
export class RefreshRotation {
  readonly #storage: Storage
  readonly #graceMs: number
  readonly #now: () => number

  constructor({ storage, graceSeconds = 0, now }: RefreshRotationOptions) {
    this.#storage = storage
    this.#graceMs = graceSeconds * 1000
    this.#now = now
  }

  /** The refresh token is used. Outside a request there is nothing to wait for. */
  async begin(id: string): Promise<void> {
    const request = Provider.ctx
    if (request) rotations.set(request, { id })
    else await this.#write({ id }, [])
  }

  /** @returns whether this request's rotation took it along */
  replaceBy(id: string, entry: Entry): boolean {
    const [request, rotation] = this.#current()
    if (!request || !rotation || rotation.successor) return false
    rotations.set(request, { ...rotation, successor: { id, entry } })
    return true
  }

  /**
   * @returns whether this request's rotation has written it
   * @throws errors.InvalidGrant when the refresh token had been used
   */
  async complete(accessToken: Entry): Promise<boolean> {
    const [request, rotation] = this.#current()
    if (!request || !rotation) return false
    rotations.delete(request)
    const { successor } = rotation
    const entries = successor ? [boundLike(accessToken, successor.entry), accessToken] : [accessToken]
    await this.#write(rotation, entries)
    return true
  }

  #current(): [request?: object, rotation?: Rotation | undefined] {
    const request = Provider.ctx
    return request ? [request, rotations.get(request)] : []
  }

  async #write({ id, successor }: Rotation, entries: readonly Entry[]): Promise<void> {
    const use: Use = { at: this.#now(), ...(successor && { successor: successor.id }) }
    if (await this.#storage.add(useKey(id), use, useTtlMs, entries)) return
    const used = await this.#storage.get<AdapterPayload>(`RefreshToken:${id}`)
    if (successor && (await this.#forgive(id, used, successor.id, entries))) return
    // RFC 9700 §4.14.2: it is not known which of the two is the thief.
    if (used?.grantId !== undefined) await endGrant(this.#storage, used.grantId)
    throw new errors.InvalidGrant('refresh token already used')
  }

  /**
   * Takes a retry for what it says it is: the answer to the first request was lost. It uses up the token that
   * the client never saw, and replaces that. If the client, or anyone, has used it by then, it was no retry.
   */
  async #forgive(id: string, used: AdapterPayload | undefined, successor: string, entries: readonly Entry[]) {
    if (this.#graceMs === 0 || !(used?.jkt !== undefined || isAuthenticated())) return false
    const before = await this.#storage.get<Use>(useKey(id))
    if (before?.successor === undefined) return false
    // Also when the clock has stepped back since: a use in the future is not within the grace.
    if (Math.abs(this.#now() - before.at) > this.#graceMs) return false
    const use: Use = { at: this.#now(), successor }
    return this.#storage.add(useKey(before.successor), use, useTtlMs, [
      ...entries,
      { key: useKey(id), value: { ...before, successor }, ttlMs: useTtlMs },
    ])
  }
}

/**
 * A public client's refresh token is bound to the key of the proof that it came with (RFC 9449 §5). oidc-provider does
 * so when it first issues one, and copies the binding afterwards: a token that began without a proof would stay
 * unbound beside access tokens that are bound.
 */
function boundLike(accessToken: Entry, successor: Entry): Entry {
  const { jkt } = accessToken.value as AdapterPayload
  const value = successor.value as AdapterPayload
  if (jkt === undefined || value.jkt !== undefined || isAuthenticated()) return successor
  return { ...successor, value: { ...value, jkt } }
}

function useKey(id: string): string {
  return `Used:RefreshToken:${id}`
}

/** Whether this request's client has proven who it is (RFC 6749 §2.3). */
function isAuthenticated(): boolean {
  const client = Provider.ctx?.oidc.client
  return client !== undefined && client.tokenEndpointAuthMethod !== 'none'
}
