import { text } from 'node:stream/consumers'
import type { ReadStream } from 'node:tty'
import { promptSecrets } from '../../runtime/prompt-secrets.ts'

/** No password was given. */
export class NoPasswordError extends Error {
  override readonly name = 'NoPasswordError'
}

/**
 * Asks for a new password, twice and without showing it. From anything but a terminal it is the first line.
 * @param output where the questions are shown
 * @throws NoPasswordError when there is none, or the two differ; PromptCancelled at Ctrl-C and Ctrl-D
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
  const [first = '', second] = await promptSecrets(['Password: ', 'The same again: '], { input, output })
  if (first !== second) throw new NoPasswordError('The two passwords are not the same. Nothing was changed.')
  return first
}
