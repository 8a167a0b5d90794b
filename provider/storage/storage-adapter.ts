import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'
import { lifetimes } from '../lifetimes.ts'
import { endedMeanwhile, endGrant } from './grant-end.ts'
import { RefreshRotation } from './refresh-rotation.ts'
import type { Entry, Storage } from './storage.ts'
import { isOfAnotherKind } from './token-kinds.ts'

/** Options of {@link createAdapterFactory}. */
export interface AdapterOptions {
  /** How long a refresh is forgiven to be tried again, in seconds, of a client that proves who it is. Default 0. */
  readonly graceSeconds?: number
  /** The clock, Unix milliseconds. Default: this machine's. */
  readonly now?: () => number
}

/** Kept longer than the library looks: it tolerates clocks that differ by 15 seconds. */
const clockToleranceSeconds = 60

/** What may be used once. */
interface OneTimeModel {
  /** How long the use is remembered. */
  readonly seconds: number
  /** For every use but the first. */
  readonly error: () => Error
  /** True when a second use means that two parties hold it, so that what the first one got is revoked. */
  readonly replayEndsGrant?: true
  /** True when oidc-provider may see the use: it would end the grant by itself. */
  readonly showsUse?: true
}

const oneTimeModels: Readonly<Record<string, OneTimeModel>> = {
  // RFC 6749 §4.1.2: it travels through the browser, where others can pick it up.
  AuthorizationCode: {
    seconds: lifetimes.authorizationCode,
    error: () => new errors.InvalidGrant('authorization code already used'),
    replayEndsGrant: true,
    showsUse: true,
  },
  // A device polls again and again, and never lets its code out of its hands (RFC 8628 §3.4): a poll that arrives
  // late or twice gets nothing, and takes nothing away from the one that succeeded.
  DeviceCode: {
    seconds: 3600,
    error: () => new errors.InvalidGrant('device code already used'),
  },
  PushedAuthorizationRequest: {
    seconds: 3600,
    error: () => new errors.InvalidRequestUri('request_uri was already used'),
    showsUse: true,
  },
}

/** Looked for again when the interaction that they began with ends: then they must not have been used. */
const keptOn: Record<string, number> = { PushedAuthorizationRequest: lifetimes.interaction }

/**
 * Destroyed when they are revoked. oidc-provider ends the grant afterwards: a process that is killed in between
 * would leave a grant that nobody can revoke any more, because the token that leads to it is gone.
 */
const standsOnGrant: ReadonlySet<string> = new Set(['AccessToken', 'RefreshToken'])

/** How long a proof or an assertion is claimed by the request that brought it, until its own end is known. */
const claimSeconds = 600

/**
 * oidc-provider's adapters over one storage, an instance for each model.
 *
 * Using something once is a race that one caller may win, in this process and across processes: whoever adds
 * the mark of its use has won. Every other use is refused; that of a code or a refresh token ends the grant
 * (RFC 9700 §2.1.1, §4.14.2).
 */
export function createAdapterFactory(storage: Storage, options: AdapterOptions = {}): AdapterFactory {
  const { now = Date.now } = options
  const rotation = new RefreshRotation({ storage, now, ...options })
  return (model) => new StorageAdapter(model, storage, rotation, now)
}

class StorageAdapter implements Adapter {
  readonly #model: string
  readonly #storage: Storage
  readonly #rotation: RefreshRotation
  readonly #now: () => number

  constructor(model: string, storage: Storage, rotation: RefreshRotation, now: () => number) {
    this.#model = model
    this.#storage = storage
    this.#rotation = rotation
    this.#now = now
  }

  async upsert(id: string, payload: AdapterPayload, expiresInSeconds?: number): Promise<void> {
    const ttlMs =
      expiresInSeconds === undefined
        ? undefined
        : (expiresInSeconds + clockToleranceSeconds + (keptOn[this.#model] ?? 0)) * 1000
    const entry: Entry = { key: this.#key(id), value: payload, ttlMs }
    switch (this.#model) {
      case 'RefreshToken':
        if (this.#rotation.replaceBy(id, entry)) return
        break
      case 'AccessToken':
        if (await this.#rotation.complete(entry)) return
        break
      case 'ReplayDetection':
        // It has been claimed already, and for long enough.
        if ((expiresInSeconds ?? 0) <= claimSeconds) return
        break
    }
    const writes = [this.#storage.set(entry.key, payload, ttlMs)]
    if (this.#model === 'Session' && payload.uid !== undefined) {
      writes.push(this.#storage.set(`SessionUid:${payload.uid}`, id, ttlMs))
    }
    if (payload.userCode !== undefined) {
      writes.push(this.#storage.set(`UserCode:${payload.userCode}`, id, ttlMs))
    }
    await Promise.all(writes)
    if (this.#model === 'Grant' && (await endedMeanwhile(this.#storage, id))) {
      throw new errors.InvalidGrant('the grant has ended')
    }
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    if (this.#model === 'ReplayDetection') return this.#claim(id)
    if (isOfAnotherKind(this.#model, id)) return undefined
    const payload = this.#storage.get<AdapterPayload>(this.#key(id))
    if (!oneTimeModels[this.#model]?.showsUse) return payload
    const [found, consumed] = await Promise.all([payload, this.#storage.get<number>(this.#useKey(id))])
    return found && consumed !== undefined ? { ...found, consumed } : found
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const id = await this.#storage.get<string>(`SessionUid:${uid}`)
    return id === undefined ? undefined : this.find(id)
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    const id = await this.#storage.get<string>(`UserCode:${userCode}`)
    return id === undefined ? undefined : this.find(id)
  }

  /** @throws errors.InvalidGrant or errors.InvalidRequestUri for every caller but the first */
  async consume(id: string): Promise<void> {
    if (this.#model === 'RefreshToken') return this.#rotation.begin(id)
    const { seconds, error, replayEndsGrant } = oneTimeModels[this.#model] ?? {
      seconds: lifetimes.grant,
      error: () => new errors.InvalidGrant(`${this.#model} already used`),
      replayEndsGrant: true,
    }
    const consumed = Math.floor(this.#now() / 1000)
    const ttlMs = (seconds + clockToleranceSeconds) * 1000
    if (await this.#storage.add(this.#useKey(id), consumed, ttlMs)) return
    const used = replayEndsGrant ? await this.#storage.get<AdapterPayload>(this.#key(id)) : undefined
    if (used?.grantId !== undefined) await endGrant(this.#storage, used.grantId)
    throw error()
  }

  async destroy(id: string): Promise<void> {
    if (this.#model === 'Grant') return endGrant(this.#storage, id)
    if (standsOnGrant.has(this.#model)) {
      const token = await this.#storage.get<AdapterPayload>(this.#key(id))
      if (token?.grantId !== undefined) await endGrant(this.#storage, token.grantId)
    }
    await this.#storage.delete(this.#key(id))
  }

  /** Whatever of a grant is revoked ends the grant: oidc-provider asks for it in everything it accepts. */
  async revokeByGrantId(grantId: string): Promise<void> {
    await endGrant(this.#storage, grantId)
  }

  /**
   * Looking whether a DPoP proof or a client assertion is known, and storing it when not, would let many at
   * once pass. So looking claims it: one caller is told that it is not known.
   */
  async #claim(id: string): Promise<AdapterPayload | undefined> {
    const first = await this.#storage.add(this.#key(id), {}, (claimSeconds + clockToleranceSeconds) * 1000)
    return first ? undefined : {}
  }

  // Models are words without a colon, so that an identifier cannot reach into another model's keys.
  #key(id: string): string {
    return `${this.#model}:${id}`
  }

  #useKey(id: string): string {
    return `Used:${this.#model}:${id}`
  }
}
