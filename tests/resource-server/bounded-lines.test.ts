import { Readable } from 'node:stream'
import { expect, it } from '@jest/globals'
import { boundedLines } from '../../resource-server/bounded-lines.ts'

async function linesOf(chunks: readonly string[], maxBytes = 5): Promise<(string | undefined)[]> {
  const lines: (string | undefined)[] = []
  for await (const line of boundedLines(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), maxBytes))
    lines.push(line?.toString())
  return lines
}

it('splits lines wherever the chunks begin', async () => {
  expect(await linesOf(['a\nb', 'c\n', '\n', 'd'])).toEqual(['a', 'bc', '', 'd'])
})

it('keeps nothing of a line that is too long, and goes on with the next one', async () => {
  expect(await linesOf(['123456', '789', '0\nab\n1234567\n12345\n'])).toEqual([
    undefined,
    'ab',
    undefined,
    '12345',
  ])
})
