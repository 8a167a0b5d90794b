/** One environment variable that cannot be used, and why. Never its value: it may be a secret. */
export interface ConfigProblem {
  readonly variable: string
  readonly problem: string
}

/** The environment cannot be used. Names every problem at once; values are never shown. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const width = Math.max(...problems.map(({ variable }) => variable.length))
    const lines = problems.map(({ variable, problem }) => `  ${variable.padEnd(width)}  ${problem}`)
    const count = problems.length === 1 ? 'A setting' : `${problems.length} settings`
    super(
      `${count} in the environment cannot be used:\n${lines.join('\n')}\nThe README lists every variable.`,
    )
    this.problems = problems
  }
}
