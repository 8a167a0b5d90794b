import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { describe, expect, it } from '@jest/globals'

/**
 * What a program's logger writes, in a process of its own: standard error is where it goes.
 * @param statement a call of `logger`
 */
function logged(statement: string, level = 'info') {
  const program = `
    import { createLogger } from './runtime/logger.ts'
    const logger = createLogger('test', '${level}')
    ${statement}
  `
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
  })
  const lines = stderr.split('\n').slice(0, -1)
  return { stdout, stderr, status, lines }
}

const canary = 'canary-9b1d04'
const names = [
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'client_secret',
  'code',
  'code_verifier',
  'password',
  'authorization',
  'cookie',
  'dpop',
  'Authorization',
  'DPoP',
]
const secrets = JSON.stringify(Object.fromEntries(names.map((name) => [name, canary])))

describe('the logger', () => {
  it('writes one JSON object a line to standard error, with program and time, and nothing to standard output', () => {
    const { stdout, lines, status } = logged("logger.info({ port: 1 }, 'up'); logger.warn('careful')")
    expect([status, stdout, lines.length]).toEqual([0, '', 2])
    const record = JSON.parse(lines[0] ?? '')
    expect(record).toMatchObject({ program: 'test', port: 1, msg: 'up' })
    expect(new Date(record.time).toISOString()).toBe(record.time)
  })

  it('writes nothing below its level', () => {
    expect(logged("logger.info('x'); logger.debug('x')", 'warn').stderr).toBe('')
    expect(logged("logger.fatal('x')", 'silent').stderr).toBe('')
  })

  it('loses nothing when the process ends by an error', () => {
    const { lines } = logged("logger.error('last words'); process.exit(1)")
    expect(lines).toHaveLength(1)
  })

  it.each([
    ['at the top', `logger.info(${secrets}, 'm')`],
    ['one level down', `logger.info({ a: ${secrets} }, 'm')`],
    ['two levels down', `logger.info({ a: { b: ${secrets} } }, 'm')`],
    ['five levels down', `logger.info({ a: { b: { c: { d: { e: ${secrets} } } } } }, 'm')`],
    ['in a list', `logger.info({ a: [${secrets}] }, 'm')`],
    ['in a parsed query', `logger.info({ query: Object.assign(Object.create(null), ${secrets}) }, 'm')`],
    ['beside an error', `logger.info({ err: Object.assign(new Error('m'), { body: ${secrets} }) }, 'm')`],
    [
      'on an error',
      `logger.info({ err: Object.assign(new Error('m'), { access_token: '${canary}' }) }, 'm')`,
    ],
  ])('51: cuts out what may carry a credential, %s', (_, statement) => {
    const { lines, stderr } = logged(statement)
    expect(lines).toHaveLength(1)
    expect(stderr).not.toContain(canary)
    expect(stderr).toMatch(/\[redacted\]|\[…\]/)
  })

  it('shows an error with its kind, message, stack and code', () => {
    const { lines } = logged(
      "logger.error({ err: Object.assign(new TypeError('why'), { code: 'ECONNREFUSED' }) }, 'm')",
    )
    expect(JSON.parse(lines[0] ?? '').err).toMatchObject({
      type: 'TypeError',
      message: 'why',
      code: 'ECONNREFUSED',
      stack: expect.stringContaining('TypeError: why'),
    })
  })

  it('51: makes one record of input with line breaks in it', () => {
    const forged = JSON.stringify('x\r\n{"level":60,"msg":"forged"}\u2028\u0000\n')
    const { lines } = logged(`logger.info({ path: ${forged}, [${forged}]: 1 }, ${forged})`)
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '').path).toBe(JSON.parse(forged))
  })
})
