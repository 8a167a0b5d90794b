import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** The person pressed Ctrl-C or Ctrl-D instead of answering, or the terminal is gone. */
export class PromptCancelled extends Error {
  override readonly name = 'PromptCancelled'
  /** Whether it was Ctrl-C. */
  readonly interrupted: boolean

  constructor(interrupted: boolean) {
    super('Nothing was entered.')
    this.interrupted = interrupted
  }
}

/**
 * Asks for secrets at a terminal, one after the other; what is typed is not shown.
 * @param terminal in and out: usually standard input and standard error
 * @returns an answer for each question
 * @throws PromptCancelled at Ctrl-C and Ctrl-D
 */
export async function promptSecrets(
  questions: readonly string[],
  { input, output }: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream },
): Promise<readonly string[]> {
  // What readline would show goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 })
  const ended = Promise.withResolvers<never>()
  const end = (interrupted: boolean) => () => ended.reject(new PromptCancelled(interrupted))
  lines.once('SIGINT', end(true)).once('close', end(false))
  // Closing is how every question ends: only a pending one may be rejected by it.
  ended.promise.catch(() => {})
  try {
    const answers: string[] = []
    for (const question of questions) {
      // Listened for before it is asked: no answer is too quick.
      const answer = lines.question('')
      output.write(question)
      answers.push(await Promise.race([answer, ended.promise]).finally(() => output.write('\n')))
    }
    return answers
  } finally {
    lines.close()
  }
}
