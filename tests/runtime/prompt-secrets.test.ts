import { PassThrough } from 'node:stream'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { promptSecrets } from '../../runtime/prompt-secrets.ts'

let input: PassThrough
let output: PassThrough
beforeEach(() => {
  input = new PassThrough()
  output = new PassThrough({ encoding: 'utf8' })
})

describe('asking for secrets', () => {
  it('takes an answer for each question, and shows none of it', async () => {
    let seen = ''
    output.on('data', (text) => {
      seen += text
      if (seen.endsWith('Two: ')) input.write('canary twx\x7fo\r')
    })
    const asked = promptSecrets(['One: ', 'Two: '], { input, output })
    input.write('canary één\r')
    expect(await asked).toEqual(['canary één', 'canary two'])
    expect(seen).toBe('One: \nTwo: \n')
  })

  it.each([
    ['Ctrl-C', 'half\x03', true],
    ['Ctrl-D', '\x04', false],
  ])('is given up by %s', async (_key, typed, interrupted) => {
    const asked = promptSecrets(['One: '], { input, output })
    input.write(typed)
    await expect(asked).rejects.toMatchObject({ name: 'PromptCancelled', interrupted })
    expect(output.read()).toBe('One: \n')
  })
})
