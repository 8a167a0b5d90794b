import type { Readable } from 'node:stream'

/**
 * Splits a stream into lines, without their ends.
 * @returns the lines as bytes; undefined in the place of one that is longer than `maxBytes`, which is not kept
 */
export async function* boundedLines(input: Readable, maxBytes: number): AsyncGenerator<Buffer | undefined> {
  let parts: Buffer[] = []
  let length = 0
  const take = (part: Buffer) => {
    length += part.length
    if (length > maxBytes) parts = []
    else if (part.length > 0) parts.push(part)
  }
  const finish = () => {
    const line = length > maxBytes ? undefined : Buffer.concat(parts)
    parts = []
    length = 0
    return line
  }
  for await (const chunk of input) {
    let rest = Buffer.from(chunk)
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      take(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
      yield finish()
    }
    take(rest)
  }
  if (length > 0) yield finish()
}
