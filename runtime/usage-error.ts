/** The command line is not one of this program's. */
export class UsageError extends Error {
  override readonly name = 'UsageError'

  /** @param problem one line; the help follows it */
  constructor(problem: string, help: string) {
    super(`${problem}\n\n${help.trimEnd()}`)
  }
}
