import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import process from 'node:process'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from '@jest/globals'
import { listen } from '../../runtime/listen.ts'
import { stop } from '../../runtime/shutdown.ts'

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, ['provider/main.ts'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  const ended = once(child, 'close')
  return { child, stderr: text(child.stderr), exitCode: ended.then(([code]) => code as number | null) }
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  await stop(server)
  return port
}

describe('npm run provider', () => {
  it('says where it listens, warns of nothing, and ends with 0 at SIGTERM', async () => {
    const port = await freePort()
    const { child, stderr, exitCode } = start({ PORT: String(port) })
    const [banner] = await once(child.stdout, 'data')
    expect(String(banner)).toContain(`http://localhost:${port}`)
    expect(String(banner)).toContain('alice / password123')
    const metadata = await fetch(`http://localhost:${port}/.well-known/oauth-authorization-server`)
    expect(await metadata.json()).toMatchObject({ issuer: `http://localhost:${port}` })
    child.kill('SIGTERM')
    expect(await exitCode).toBe(0)
    expect(await stderr).toBe('')
  })

  it('lists everything that is wrong with the environment, shows no value, and ends with 2', async () => {
    const { stderr, exitCode } = start({ PORT: 'a-port', ISSUER: 'ftp://secret-value', STORE: 'pigeon' })
    expect(await exitCode).toBe(2)
    for (const name of ['PORT', 'ISSUER', 'STORE']) expect(await stderr).toContain(name)
    expect(await stderr).not.toMatch(/secret-value|a-port|pigeon|at .*\.ts/)
  })

  it('does not take an issuer with a path, which it could not serve', async () => {
    const { stderr, exitCode } = start({ ISSUER: 'http://localhost:9000/tenant' })
    expect(await exitCode).toBe(2)
    expect(await stderr).toMatch(/ISSUER +must have no path/)
  })

  it('names the port that is taken in one line, and ends with 1', async () => {
    const server = createServer()
    const port = await listen(server, { host: '127.0.0.1', port: 0 })
    const { stderr, exitCode } = start({ PORT: String(port) })
    expect(await exitCode).toBe(1)
    expect(await stderr).toMatch(new RegExp(`^[^\n]*${port}[^\n]*PORT[^\n]*\n$`))
    await stop(server)
  })

  it('names the store that does not answer in one line, without a record of it, and ends with 1', async () => {
    const STORE = `redis://user:secret-value@127.0.0.1:${await freePort()}`
    const { child, stderr, exitCode } = start({ STORE, STORE_KEY: randomBytes(32).toString('base64') })
    const stdout = text(child.stdout as Readable)
    expect(await exitCode).toBe(1)
    expect(await stderr).toMatch(/^STORE: redis:[^\n]* cannot be used [^\n]*ECONNREFUSED[^\n]*\n$/)
    expect(await stderr).not.toContain('secret-value')
    expect(await stdout).toBe('')
  })
})
