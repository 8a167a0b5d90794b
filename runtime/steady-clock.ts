/**
 * Milliseconds since the Unix epoch as this process's start knew it, counted by a clock that never steps back: for how
 * long something lasts. `Date.now()` follows every correction of the system's clock, and an hour back would make each
 * second of a cache an hour.
 */
export function steadyNow(): number {
  return performance.timeOrigin + performance.now()
}

/** A smaller step makes nothing last noticeably longer, in milliseconds. */
const toleratedMs = 60_000

/**
 * Makes a function that tells, once for each step, whether the system's clock was set back since the last call: what a
 * library remembers by that clock is older than it thinks.
 * @param clock the system's clock, in milliseconds
 * @param steady a clock that never steps back, in milliseconds
 */
export function createSteppedBack(
  clock: () => number = Date.now,
  steady: () => number = steadyNow,
): () => boolean {
  const difference = () => clock() - steady()
  let known = difference()
  return () => {
    const current = difference()
    const steppedBack = current < known - toleratedMs
    // A step forward counts as well: the way back from it is a step back.
    known = current
    return steppedBack
  }
}
