import { describe, expect, it } from '@jest/globals'
import { parseCommandLine } from '../../client/command-line.ts'
import { exitStatus } from '../../client/failure.ts'
import { help } from '../../client/help.ts'

const options = {
  json: false,
  verbose: false,
  trace: false,
  dpop: false,
  grant: 'browser',
  allowInsecureTokenFile: false,
}

describe('parseCommandLine', () => {
  it.each(['login', 'logout', 'status', 'tools', 'resources', 'token', 'whoami'])(
    'understands %s',
    (command) => {
      expect(parseCommandLine([command])).toEqual({ command, options })
    },
  )

  it('starts when there is no command', () => {
    expect(parseCommandLine([])).toEqual({ command: 'start', options })
  })

  it('understands call with its arguments', () => {
    expect(parseCommandLine(['call', 'a_tool', 'a=1', 'b=--x'])).toEqual({
      command: 'call',
      tool: 'a_tool',
      words: ['a=1', 'b=--x'],
      options,
    })
    expect(parseCommandLine(['call', 'a_tool', '--args-json', '{}'])).toMatchObject({ argsJson: '{}' })
  })

  it('understands read with its URI', () => {
    expect(parseCommandLine(['read', 'doc://doc1'])).toEqual({ command: 'read', uri: 'doc://doc1', options })
  })

  it('takes its options with every command, before it and after it', () => {
    const line = ['--server', 'https://x.example/mcp', 'login', '--as', 'work', '--scope', 'read write', '-v']
    expect(parseCommandLine(line).options).toEqual({
      ...options,
      server: 'https://x.example/mcp',
      as: 'work',
      scope: 'read write',
      verbose: true,
    })
    expect(parseCommandLine(['tools', '--trace', '--trace-html', 'a.html', '--json']).options).toMatchObject({
      trace: true,
      traceHtml: 'a.html',
      json: true,
    })
  })

  it.each([
    [['login', '--device'], 'device'],
    [['login', '--client-credentials'], 'client-credentials'],
    [['login', '--assertion-file', 'token.jwt'], 'assertion'],
    [['login', '--id-token-file', 'id.jwt'], 'enterprise'],
  ] as const)('signs in as %j says', (argv, grant) => {
    expect(parseCommandLine(argv).options.grant).toBe(grant)
  })

  it('keeps tokens in a plain file on demand only', () => {
    expect(parseCommandLine(['login', '--allow-insecure-token-file']).options.allowInsecureTokenFile).toBe(
      true,
    )
  })

  it.each([['--help'], ['-h'], ['help'], ['login', '--help']])('prints help for %p', (...argv) => {
    expect(parseCommandLine(argv)).toEqual({ command: 'help', options })
  })

  it.each([
    [['bogus']],
    [['login', 'now']],
    [['call']],
    [['read']],
    [['read', 'a:b', 'c:d']],
    [['--bogus']],
    [['tools', '--help=no']],
    [['tools', '--args-json', '{}']],
    [['tools', '--server', ' ']],
    [['login', '--device', '--client-credentials']],
  ])('refuses %p as wrong usage, with a hint', (argv) => {
    expect(() => parseCommandLine(argv)).toThrow(
      expect.objectContaining({
        status: exitStatus.usage,
        hint: expect.stringContaining('npm run client'),
      }),
    )
  })
})

describe('help', () => {
  it('names every exit status and fits a terminal', () => {
    for (const status of Object.values(exitStatus)) expect(help).toMatch(new RegExp(`\\b${status} +[a-z]`))
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})
