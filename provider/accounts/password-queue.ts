/** The queue is full, or the wait was too long. The password was not judged. */
export class PasswordQueueError extends Error {
  override readonly name = 'PasswordQueueError'
}

/** Bounds of {@link createPasswordQueue}. */
export interface PasswordQueueOptions {
  /** How many passwords are judged at once: a thread of the pool and about 19 MiB each. Default 4. */
  readonly concurrency?: number
  /** How many may wait: a few hundred bytes each. Default 2000. */
  readonly maxWaiting?: number
  /** How long one may wait for its turn, in milliseconds. Default 20,000. */
  readonly maxWaitMs?: number
}

/**
 * Runs a task when it is its turn.
 * @param group takes turns with other groups, such as the caller's network: one that sends many delays itself
 * @throws PasswordQueueError when the turn does not come in time
 */
export type PasswordQueue = <Result>(group: string, task: () => Promise<Result>) => Promise<Result>

/** A password that waits. Either ends its wait. */
interface Waiting {
  begin(): void
  refuse(problem: string): void
}

/**
 * Judges passwords a few at a time, group by group in turn, and in order within a group. A burst of sign-ins waits
 * instead of being refused, and takes no more threads and memory than a few do.
 */
export function createPasswordQueue({
  concurrency = 4,
  maxWaiting = 2000,
  maxWaitMs = 20_000,
}: PasswordQueueOptions = {}): PasswordQueue {
  /** In the order of their next turns. */
  const groups = new Map<string, Set<Waiting>>()
  let running = 0
  let waiting = 0

  function leave(group: string, one: Waiting): void {
    const members = groups.get(group)
    if (!members?.delete(one)) return
    waiting -= 1
    groups.delete(group)
    if (members.size > 0) groups.set(group, members)
  }

  function turn(group: string): Promise<void> | undefined {
    if (running < concurrency) {
      running += 1
      return undefined
    }
    if (waiting >= maxWaiting) makeRoom(group)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const end = () => {
      clearTimeout(timer)
      leave(group, one)
    }
    const one: Waiting = {
      begin() {
        end()
        resolve()
      },
      refuse(problem) {
        end()
        reject(new PasswordQueueError(problem))
      },
    }
    const timer = setTimeout(() => one.refuse(`A password was not judged within ${maxWaitMs} ms.`), maxWaitMs)
    waiting += 1
    groups.set(group, (groups.get(group) ?? new Set()).add(one))
    return promise
  }

  /** Refuses the last of the group that waits most, unless that is the newcomer's: one group cannot fill the queue. */
  function makeRoom(group: string): void {
    const own = groups.get(group)?.size ?? 0
    let most: Set<Waiting> | undefined
    for (const members of groups.values()) if (members.size > (most?.size ?? own + 1)) most = members
    const last = [...(most ?? [])].at(-1)
    const problem = 'Too many passwords wait to be judged.'
    if (!last) throw new PasswordQueueError(problem)
    last.refuse(problem)
  }

  return async (group, task) => {
    await turn(group)
    try {
      return await task()
    } finally {
      const [members] = groups.values()
      const [next] = members ?? []
      // The place passes on: a newcomer does not overtake.
      if (next) next.begin()
      else running -= 1
    }
  }
}
