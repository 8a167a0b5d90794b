import { type Adapter, type AdapterPayload, errors } from 'oidc-provider'
import { lifetimes } from '../lifetimes.ts'
import type { Storage } from './storage.ts'

/** What lies in the storage: the library's payload, and what the library does not keep. */
interface StoredRecord {
  readonly payload: AdapterPayload
  /** Unix milliseconds. */
  readonly storedAt: number
  /** Unix milliseconds; absent for what never expires, such as clients. */
  readonly expiresAt?: number
}

/** What may be used once, and the error that every use but the first is answered with. */
const oneTimeModels: Record<string, () => Error> = {
  AuthorizationCode: () => new errors.InvalidGrant('authorization code already used'),
  RefreshToken: () => new errors.InvalidGrant('refresh token already used'),
  DeviceCode: () => new errors.InvalidGrant('device code already used'),
  PushedAuthorizationRequest: () => new errors.InvalidRequestUri('request_uri was already used'),
}

/** Kept longer than the library looks: it tolerates clocks that differ by 15 seconds. */
const clockToleranceSeconds = 60

/** A mark outlives every token that it hides. */
const revocationMarkTtlMs = (lifetimes.refreshTokenAbsolute + clockToleranceSeconds) * 1000

/**
 * oidc-provider's adapter over one Keyv, one instance per model.
 *
 * Using something once is a race that one caller may win, in this process and across processes: `upsert`
 * also writes a ticket, and only the caller whose delete of the ticket succeeds has consumed it.
 * Everyone else is a replay, and a replay ends the grant (RFC 9700 §2.1.1, §4.14.2).
 */
export class StorageAdapter implements Adapter {
  readonly #model: string
  readonly #storage: Storage
  readonly #now: () => number

  /**
   * @param model the library's name for what is stored, such as `AccessToken`
   * @param now the clock, Unix milliseconds
   */
  constructor(model: string, storage: Storage, now: () => number = Date.now) {
    this.#model = model
    this.#storage = storage
    this.#now = now
  }

  async upsert(id: string, payload: AdapterPayload, expiresInSeconds?: number): Promise<void> {
    const storedAt = this.#now()
    const ttlMs =
      expiresInSeconds === undefined ? undefined : (expiresInSeconds + clockToleranceSeconds) * 1000
    const stored: StoredRecord = {
      payload,
      storedAt,
      ...(ttlMs !== undefined && { expiresAt: storedAt + ttlMs }),
    }
    const writes = [this.#storage.set(this.#key(id), stored, ttlMs)]
    if (this.#model in oneTimeModels) writes.push(this.#storage.set(this.#ticketKey(id), true, ttlMs))
    if (this.#model === 'Session' && payload.uid !== undefined) {
      writes.push(this.#storage.set(`session-uid:${payload.uid}`, id, ttlMs))
    }
    if (payload.userCode !== undefined) {
      writes.push(this.#storage.set(`user-code:${payload.userCode}`, id, ttlMs))
    }
    await Promise.all(writes)
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const stored = await this.#read(id)
    if (stored?.payload.grantId === undefined) return stored?.payload
    const revokedAt = await this.#storage.get<number>(this.#revocationKey(stored.payload.grantId))
    return revokedAt !== undefined && stored.storedAt <= revokedAt ? undefined : stored.payload
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const id = await this.#storage.get<string>(`session-uid:${uid}`)
    return id === undefined ? undefined : this.find(id)
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    const id = await this.#storage.get<string>(`user-code:${userCode}`)
    return id === undefined ? undefined : this.find(id)
  }

  /** @throws errors.InvalidGrant or errors.InvalidRequestUri for every caller but the first */
  async consume(id: string): Promise<void> {
    const won = await this.#storage.delete(this.#ticketKey(id))
    const stored = await this.#read(id)
    if (!won || stored === undefined) {
      const grantId = stored?.payload.grantId
      if (grantId !== undefined) await this.#storage.delete(`Grant:${grantId}`)
      throw oneTimeModels[this.#model]?.() ?? new errors.InvalidGrant(`${this.#model} already used`)
    }
    const now = this.#now()
    const payload = { ...stored.payload, consumed: Math.floor(now / 1000) }
    const ttlMs = stored.expiresAt === undefined ? undefined : Math.max(stored.expiresAt - now, 1)
    await this.#storage.set(this.#key(id), { ...stored, payload }, ttlMs)
  }

  async destroy(id: string): Promise<void> {
    await this.#storage.delete(this.#key(id))
  }

  /** Hides everything of this model that the grant has led to so far. No list of it has to be kept. */
  async revokeByGrantId(grantId: string): Promise<void> {
    await this.#storage.set(this.#revocationKey(grantId), this.#now(), revocationMarkTtlMs)
  }

  #read(id: string): Promise<StoredRecord | undefined> {
    return this.#storage.get<StoredRecord>(this.#key(id))
  }

  // Models are words without a colon, so that an identifier cannot reach into another model's keys.
  #key(id: string): string {
    return `${this.#model}:${id}`
  }

  #ticketKey(id: string): string {
    return `ticket:${this.#model}:${id}`
  }

  #revocationKey(grantId: string): string {
    return `revoked:${this.#model}:${grantId}`
  }
}
