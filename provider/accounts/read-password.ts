import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { ReadStream } from 'node:tty'

/** No password was given. */
export class NoPasswordError extends Error {
  override readonly name = 'NoPasswordError'
  /** Whether somebody has pressed Ctrl-C. */
  readonly interrupted: boolean

  constructor(message: string, interrupted = false) {
    super(message)
    this.interrupted = interrupted
  }
}

/**
 * Asks for a new password, twice and without showing it. From anything but a terminal it is the first line.
 * @param output where the questions are shown
 * @throws NoPasswordError when there is none, or the two differ
 */
export async function readPassword(
  input: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY'>>,
  output: NodeJS.WritableStream,
): Promise<string> {
  if (!input.isTTY) {
    const [line = ''] = (await text(input)).split(/\r?\n/, 1)
    if (line === '') throw new NoPasswordError('No password was given on standard input.')
    return line
  }
  const first = await ask(input, output, ['Password: ', 'The same again: '])
  if (first[0] !== first[1])
    throw new NoPasswordError('The two passwords are not the same. Nothing was changed.')
  return first[0] ?? ''
}

async function ask(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  questions: readonly string[],
): Promise<readonly string[]> {
  // What readline would show goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 })
  const ended = Promise.withResolvers<never>()
  const end = (interrupted: boolean) => () =>
    ended.reject(new NoPasswordError('Nothing was changed.', interrupted))
  lines.once('SIGINT', end(true)).once('close', end(false))
  // Closing is how every question ends: only a pending one may be rejected by it.
  ended.promise.catch(() => {})
  try {
    const answers: string[] = []
    for (const question of questions) {
      output.write(question)
      answers.push(await Promise.race([lines.question(''), ended.promise]))
      output.write('\n')
    }
    return answers
  } finally {
    lines.close()
  }
}
