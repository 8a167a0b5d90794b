import { once } from 'node:events'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, expect, it } from '@jest/globals'
import { createAccountsFile, storedAccount } from '../support/accounts-file.ts'
import { findFreePort, killPrograms, startProgram } from '../support/programs.ts'

const accounts = await createAccountsFile([storedAccount('alice')])
afterAll(async () => {
  killPrograms()
  await accounts.remove()
})

/** An address of this machine that others reach; Linux answers on all of 127.0.0.0/8. */
const other =
  Object.values(networkInterfaces())
    .flat()
    .find((entry) => entry && !entry.internal && entry.family === 'IPv4')?.address ?? '127.0.0.2'

async function accepts(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host)
  const accepted = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return accepted
}

it.each([
  ['provider/main.ts', {}, false],
  ['resource-server/main.ts', {}, false],
  ['provider/main.ts', { METRICS_HOST: '0.0.0.0' }, true],
  ['resource-server/main.ts', { METRICS_HOST: '0.0.0.0' }, true],
])('%s with HOST=0.0.0.0 and %j has its operations port open to others: %s', async (main, env, open) => {
  const [port, metricsPort] = [await findFreePort(), await findFreePort()]
  const program = startProgram(main, {
    HOST: '0.0.0.0',
    TRUST_PROXY: '127.0.0.1',
    ISSUER: 'https://auth.example.com',
    RESOURCE: 'https://mcp.example.com/mcp',
    RESOURCE_CLIENT_SECRET: 'only-for-this-test-0123456789abcdef',
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    ACCOUNTS: accounts.path,
    LOG_LEVEL: 'silent',
    ...env,
  })
  await program.wrote(/Ctrl-C stops it/)
  expect(await accepts(other, port)).toBe(true)
  expect(await accepts('127.0.0.1', metricsPort)).toBe(true)
  expect(await accepts(other, metricsPort)).toBe(open)
  await program.stop()
})
