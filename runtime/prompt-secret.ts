import type { ReadStream } from 'node:tty'

/** Ctrl-C, Ctrl-D, backspace and delete, as a terminal in raw mode sends them. */
const interrupt = '\u0003'
const endOfInput = '\u0004'
const erase: ReadonlySet<string> = new Set(['\u007f', '\b'])

/** The person pressed Ctrl-C or Ctrl-D instead of answering. */
export class PromptCancelled extends Error {
  override readonly name = 'PromptCancelled'
}

/**
 * Asks for a secret at a terminal; what is typed is not shown.
 * @param terminal in and out: usually standard input and standard error
 * @throws PromptCancelled at Ctrl-C and Ctrl-D
 */
export async function promptSecret(
  question: string,
  { input, output }: { readonly input: ReadStream; readonly output: NodeJS.WritableStream },
): Promise<string> {
  output.write(question)
  const wasRaw = input.isRaw
  input.setRawMode(true)
  input.setEncoding('utf8')
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let typed = ''
  const onData = (chunk: string) => {
    for (const character of chunk) {
      if (character === '\r' || character === '\n') return resolve(typed)
      if (character === interrupt || (character === endOfInput && typed === '')) {
        return reject(new PromptCancelled('Nothing was entered.'))
      }
      if (erase.has(character)) typed = [...typed].slice(0, -1).join('')
      else if (character >= ' ') typed += character
    }
  }
  input.on('data', onData)
  input.resume()
  try {
    return await promise
  } finally {
    input.off('data', onData)
    input.setRawMode(wasRaw)
    input.pause()
    output.write('\n')
  }
}
