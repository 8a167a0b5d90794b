import { AuthorityUnavailable } from './verdict.ts'

/** Bounds how many tasks run at once, how many wait for a place, and how long anyone waits. */
export interface Places {
  /**
   * Runs the task when there is a place. A task that takes too long goes on, and keeps its place until it ends:
   * only its caller stops waiting.
   * @param deadlineMs for waiting and running together, in milliseconds
   * @param network whose turn it is: networks take turns, and where too many wait, the one that waits most often loses.
   * Absent for a trusted task: these go first, and have some places to themselves
   * @throws AuthorityUnavailable when too many wait already, or when the deadline has passed
   */
  run<T>(task: () => Promise<T>, deadlineMs: number, network?: string): Promise<T>
}

type Turn = PromiseWithResolvers<void>

/**
 * Makes the places.
 * @param maxWaiting of each kind, trusted or not
 * @param forOthers how many places tasks that are not trusted may have now. Default: four fifths
 */
export function createPlaces(
  maxConcurrent: number,
  maxWaiting: number,
  forOthers: () => number = () => maxConcurrent - Math.floor(maxConcurrent / 5),
): Places {
  let taken = 0
  let takenByOthers = 0
  const trusted = createQueue(maxWaiting)
  const others = createQueue(maxWaiting)

  function leave(wasOther: boolean): void {
    if (wasOther) takenByOthers -= 1
    taken -= 1
    const mayOthers = forOthers()
    while (taken < maxConcurrent) {
      const first = trusted.shift()
      const next = first ?? (takenByOthers < mayOthers ? others.shift() : undefined)
      if (!next) return
      if (!first) takenByOthers += 1
      taken += 1
      next.resolve()
    }
  }

  /** Resolves when there is a place for the caller; one that gives up leaves the queue. */
  async function enter(late: Promise<never>, network: string | undefined): Promise<void> {
    if (taken < maxConcurrent && (network === undefined || takenByOthers < forOthers())) {
      if (network !== undefined) takenByOthers += 1
      taken += 1
      return
    }
    const queue = network === undefined ? trusted : others
    const turn = Promise.withResolvers<void>()
    queue.push(network ?? '', turn)
    try {
      await Promise.race([turn.promise, late])
    } catch (error) {
      queue.remove(network ?? '', turn)
      throw error
    }
  }

  return {
    async run(task, deadlineMs, network) {
      const late = Promise.withResolvers<never>()
      late.promise.catch(() => {}) // it may come when nobody waits any more
      const unavailable = () => late.reject(new AuthorityUnavailable(`No answer within ${deadlineMs} ms`))
      const timer = setTimeout(unavailable, deadlineMs)
      try {
        await enter(late.promise, network)
        return await Promise.race([task().finally(() => leave(network !== undefined)), late.promise])
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

/** A queue in which networks take turns. */
function createQueue(max: number) {
  const groups = new Map<string, Set<Turn>>()
  let size = 0

  function remove(network: string, turn: Turn): void {
    const group = groups.get(network)
    if (!group?.delete(turn)) return
    size -= 1
    if (group.size === 0) groups.delete(network)
  }

  /** Rejects the last of the network that waits most often, unless that is the newcomer's own. */
  function makeRoom(network: string): void {
    let [most, turns] = [network, groups.get(network)]
    for (const [name, group] of groups) {
      if (group.size > (turns?.size ?? 0) + (most === network ? 1 : 0)) [most, turns] = [name, group]
    }
    const tooMany = new AuthorityUnavailable('Too many tokens wait for validation')
    const last = most === network ? undefined : [...(turns ?? [])].at(-1)
    if (!last) throw tooMany
    last.reject(tooMany)
    remove(most, last)
  }

  return {
    push(network: string, turn: Turn): void {
      if (size >= max) makeRoom(network)
      const group = groups.get(network) ?? new Set()
      groups.set(network, group.add(turn))
      size += 1
    },
    remove,
    /** The first of the network whose turn it is. */
    shift(): Turn | undefined {
      const [next] = groups
      if (!next) return undefined
      const [network, group] = next
      const [turn] = group
      // The next time is another network's turn.
      groups.delete(network)
      groups.set(network, group)
      if (turn) remove(network, turn)
      return turn
    },
  }
}
