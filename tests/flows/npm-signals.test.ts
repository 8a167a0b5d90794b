import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { afterEach, describe, expect, it } from '@jest/globals'
import { findFreePort } from '../support/programs.ts'

let npm: ChildProcess | undefined
afterEach(() => {
  // The group: a server that npm has left behind, too.
  if (npm?.pid !== undefined) {
    try {
      process.kill(-npm.pid, 'SIGKILL')
    } catch {
      // All of it has ended.
    }
  }
})

/** `npm run SCRIPT`, in a process group of its own, as a terminal or a container starts it. */
async function run(script: string) {
  const port = await findFreePort()
  const child = spawn('npm', ['run', script], {
    env: { PATH: process.env.PATH, PORT: String(port), ISSUER: `http://localhost:${port}` },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  npm = child
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (output.includes('Ctrl-C stops it')) break
  }
  return { pid: child.pid as number, ended, url: `http://localhost:${port}/` }
}

describe.each(['provider', 'mcp'])('npm run %s', (script) => {
  it('passes SIGTERM on to the server, which ends, and ends with 0', async () => {
    const { pid, ended, url } = await run(script)
    await expect(fetch(url)).resolves.toBeDefined()
    process.kill(pid, 'SIGTERM')
    expect(await ended).toEqual({ code: 0, signal: null })
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  it('ends with 0 at Ctrl-C, which reaches npm and the server, and which npm forwards', async () => {
    const { pid, ended, url } = await run(script)
    process.kill(-pid, 'SIGINT')
    expect(await ended).toEqual({ code: 0, signal: null })
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })
})
