import { describe, expect, it } from '@jest/globals'
import { help, parseCommandLine } from '../../client/command-line.ts'
import { exitStatus } from '../../client/failure.ts'

const allowInsecureTokenFile = false

describe('parseCommandLine', () => {
  it.each(['login', 'tools', 'whoami', 'logout'])('understands %s', (command) => {
    expect(parseCommandLine([command])).toEqual({ command, allowInsecureTokenFile })
  })

  it('starts when there is no command', () => {
    expect(parseCommandLine([])).toEqual({ command: 'start', allowInsecureTokenFile })
  })

  it('understands call with its arguments', () => {
    expect(parseCommandLine(['call', 'a_tool', 'a=1', 'b=--x'])).toEqual({
      command: 'call',
      tool: 'a_tool',
      words: ['a=1', 'b=--x'],
      allowInsecureTokenFile,
    })
  })

  it('keeps tokens in a plain file on demand only', () => {
    expect(parseCommandLine(['login', '--allow-insecure-token-file'])).toEqual({
      command: 'login',
      allowInsecureTokenFile: true,
    })
  })

  it.each([['--help'], ['-h'], ['help'], ['login', '--help']])('prints help for %p', (...argv) => {
    expect(parseCommandLine(argv)).toEqual({ command: 'help', allowInsecureTokenFile })
  })

  it.each([[['bogus']], [['login', 'now']], [['call']], [['--bogus']], [['tools', '--help=no']]])(
    'refuses %p as wrong usage, with a hint',
    (argv) => {
      expect(() => parseCommandLine(argv)).toThrow(
        expect.objectContaining({
          status: exitStatus.usage,
          hint: expect.stringContaining('npm run client'),
        }),
      )
    },
  )
})

describe('help', () => {
  it('names every exit status and fits a terminal', () => {
    for (const status of Object.values(exitStatus)) expect(help).toMatch(new RegExp(`\\b${status} +[a-z]`))
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})
