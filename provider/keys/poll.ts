import type { Logger } from '../../runtime/logger.ts'

/**
 * Does something again and again, never twice at a time, and without keeping the process alive.
 * A failure is logged once, and so is its end.
 * @param what for the log, such as "the keys"
 * @returns stops it
 */
export function poll(
  what: string,
  task: () => Promise<void>,
  intervalMs: number,
  logger: Logger,
): () => void {
  let failure: string | undefined
  let busy = false
  let stopped = false
  const timer = setInterval(async () => {
    if (busy) return
    busy = true
    const problem = await task().then(
      () => undefined,
      // The message alone: what an error carries along may be a key.
      ({ message }: Error) => message,
    )
    busy = false
    if (stopped) return
    if (problem !== failure) {
      if (problem === undefined) logger.info(`${what} can be read again`)
      else logger.error({ reason: problem }, `${what} cannot be read: the last ones stay in use`)
    }
    failure = problem
  }, intervalMs)
  timer.unref()
  return () => {
    stopped = true
    clearInterval(timer)
  }
}
