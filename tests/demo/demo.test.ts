import { spawn } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'

/** Runs `npm run demo -- …` as its script does, its output in a pipe. */
async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['-r', './runtime/require-node.cjs', 'demo/main.ts', ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = Promise.withResolvers<{ status: number | null; stdout: string; stderr: string }>()
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.once('close', (status) => ended.resolve({ status, stdout, stderr }))
  return await ended.promise
}

interface Document {
  readonly ok: boolean
  readonly seconds: number
  readonly matrix: unknown
  readonly differences: readonly string[]
  readonly steps: readonly { standard: string; what: string; outcome: string; ok: boolean }[]
}

describe('npm run demo', () => {
  it('finds everything as the contract says, and prints one JSON document for programs', async () => {
    const { status, stdout, stderr } = await run(['--json'])
    const { ok, seconds, matrix, steps, differences }: Document = JSON.parse(stdout)
    expect({ status, stderr, ok, differences }).toEqual({ status: 0, stderr: '', ok: true, differences: [] })
    expect(matrix).toEqual({
      public_info: { nobody: 'ok', alice: 'ok', bob: 'ok', admin: 'ok' },
      get_user_profile: { nobody: '401', alice: 'ok', bob: 'ok', admin: 'ok' },
      list_available_resources: { nobody: '401', alice: 'ok', bob: 'ok', admin: 'ok' },
      read_data: { nobody: '401', alice: 'ok', bob: 'ok', admin: 'ok' },
      write_data: { nobody: '401', alice: 'ok', bob: '403 write', admin: 'ok' },
      admin_operation: { nobody: '401', alice: '403 admin', bob: '403 admin', admin: 'ok' },
    })
    const standards = new Set(steps.map(({ standard }) => standard))
    const told = [
      'RFC 6749',
      'RFC 6750',
      'RFC 7009',
      'RFC 7636',
      'RFC 8414',
      'RFC 8707',
      'RFC 9207',
      'RFC 9728',
    ]
    for (const standard of told) expect(standards).toContain(standard)
    expect(seconds).toBeLessThan(15)
  })

  it('prints plain text in a pipe, whatever the environment is set to, and no whole secret', async () => {
    const { status, stdout } = await run([], { ISSUER: 'https://idp.example', STORE: 'nonsense', PORT: '1' })
    expect(status).toBe(0)
    expect(stdout).toMatch(/^ {2}write_data +401 +ok +403 write +ok$/m)
    expect(stdout).toContain('are as the contract says.')
    expect(stdout).not.toContain('\x1b')
    expect(stdout).not.toMatch(/[\w-]{40}/)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('refuses what it does not know', async () => {
    const { status, stdout, stderr } = await run(['--bogus'])
    expect([status, stdout, stderr]).toEqual([2, '', expect.stringContaining('Usage: npm run demo')])
  })
})
