/** How many bytes of request bodies a server holds at once. */
export interface BodyBudgetOptions {
  /** All bodies together. */
  readonly totalBytes: number
  /** The part of it that callers without a verified identity may use together. */
  readonly anonymousBytes: number
  /** The part of `anonymousBytes` that one network may use. */
  readonly networkBytes: number
  /** The part of `totalBytes` that one verified caller may use. */
  readonly callerBytes: number
}

/** 64 MiB for all bodies, of which anonymous callers have 16 MiB. */
export const defaultBodyBudget: BodyBudgetOptions = {
  totalBytes: 64 * 1024 * 1024,
  anonymousBytes: 16 * 1024 * 1024,
  networkBytes: 4 * 1024 * 1024,
  callerBytes: 16 * 1024 * 1024,
}

/** What a body counts at least, in bytes: the request around it takes memory as well, however little has arrived. */
export const leastBodyBytes = 16 * 1024

/** Who a body is held for. */
export interface BodyHolder {
  /** The caller, or the network of an anonymous one. */
  readonly key: string
  readonly anonymous: boolean
  /** Called when this body has to make room for another. It is no longer counted then. */
  cut(): void
}

/** The room of one body. */
export interface BodyRoom {
  /**
   * Says how many bytes the body takes now.
   * @returns false when there is no room for them: the body must not be read any further
   */
  grow(bytes: number): boolean
  /** Gives the room back. Further calls do nothing. */
  release(): void
}

/** Bounds the memory that bodies take while they arrive. */
export interface BodyBudget {
  /** Takes room for a body that begins. @returns undefined when there is none */
  take(holder: BodyHolder): BodyRoom | undefined
  /** The bytes that are taken now. */
  readonly takenBytes: number
}

interface Body {
  readonly holder: BodyHolder
  readonly group: Group
  bytes: number
}

interface Group {
  bytes: number
  readonly bodies: Set<Body>
}

/**
 * Makes a budget. When it is used up, the body that has been arriving for the longest makes room: the caller's own
 * when its share is used up, an anonymous one when a common part is, and else one of the caller that takes most. A client that sends slowly on purpose therefore
 * holds nothing that others need, and no anonymous client takes room from a verified one.
 */
export function createBodyBudget(options: BodyBudgetOptions = defaultBodyBudget): BodyBudget {
  const groups = new Map<string, Group>()
  const anonymous: Group = { bytes: 0, bodies: new Set() }
  let takenBytes = 0

  function add(body: Body, bytes: number): void {
    body.bytes += bytes
    body.group.bytes += bytes
    if (body.holder.anonymous) anonymous.bytes += bytes
    takenBytes += bytes
  }

  function remove(body: Body): void {
    if (!body.group.bodies.delete(body)) return
    anonymous.bodies.delete(body)
    add(body, -body.bytes)
    if (body.group.bodies.size === 0) groups.delete(groupName(body.holder))
  }

  /** Cuts the oldest body of the group that is not the one that needs room. */
  function cutOldest({ bodies }: Group, except: Body): boolean {
    for (const body of bodies) {
      if (body === except) continue
      remove(body)
      body.holder.cut()
      return true
    }
    return false
  }

  function makeRoom(body: Body, bytes: number): boolean {
    const { group, holder } = body
    const share = holder.anonymous ? options.networkBytes : options.callerBytes
    while (group.bytes + bytes > share) if (!cutOldest(group, body)) return false
    while (holder.anonymous && anonymous.bytes + bytes > options.anonymousBytes)
      if (!cutOldest(anonymous, body)) return false
    while (takenBytes + bytes > options.totalBytes) {
      if (cutOldest(anonymous, body)) continue
      if (holder.anonymous || !cutOldest(largerThan(group, bytes), body)) return false
    }
    return true
  }

  /** The caller that takes most, when that is more than this one would take: a few must not take all of it. */
  function largerThan(own: Group, bytes: number): Group {
    let most: Group = { bytes: own.bytes + bytes, bodies: new Set() }
    for (const group of groups.values()) if (group !== own && group.bytes > most.bytes) most = group
    return most
  }

  return {
    get takenBytes() {
      return takenBytes
    },
    take(holder) {
      const name = groupName(holder)
      const group = groups.get(name) ?? { bytes: 0, bodies: new Set() }
      const body: Body = { holder, group, bytes: 0 }
      if (!makeRoom(body, leastBodyBytes)) return undefined
      groups.set(name, group)
      group.bodies.add(body)
      if (holder.anonymous) anonymous.bodies.add(body)
      add(body, leastBodyBytes)
      return {
        grow(bytes) {
          const more = bytes - body.bytes
          if (more <= 0) return true
          if (!group.bodies.has(body) || !makeRoom(body, more)) return false
          add(body, more)
          return true
        },
        release: () => remove(body),
      }
    },
  }
}

/** A caller cannot be taken for a network, whatever it is called. */
function groupName({ key, anonymous }: BodyHolder): string {
  return anonymous ? `network ${key}` : `caller ${key}`
}
