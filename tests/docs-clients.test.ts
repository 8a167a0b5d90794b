import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { exportJWK, generateKeyPair } from 'jose'
import './support/same-realm-clone.ts'
import { writeClientsFile } from './support/clients-file.ts'
import { introspect, post } from './support/sign-in.ts'
import { type RunningProvider, startProvider } from './support/start-provider.ts'

const page = await readFile('docs/clients.md', 'utf8')
const example = (language: string) =>
  new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? `no example in ${language}`
const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })

let running: RunningProvider
beforeAll(async () => {
  const clients = JSON.parse(example('json'))
  // The key of the example is that of RFC 7515, and the test has one of its own.
  clients[2].jwks.keys = [await exportJWK(publicKey)]
  running = await startProvider({ env: { CLIENTS: writeClientsFile(clients) } })
})
afterAll(() => running.stop())

describe('docs/clients.md', () => {
  it('shows a file that can be used as it stands there', async () => {
    const asItStands = await startProvider({ env: { CLIENTS: writeClientsFile(example('json')) } })
    expect(asItStands.config.clients.map(({ client_id: id }) => id)).toEqual([
      'portal',
      'television',
      'reports',
    ])
    await asItStands.stop()
  })

  it('shows a machine that gets a token', async () => {
    const args = ['--input-type=module-typescript', '--eval', example('ts')]
    const env = { ISSUER: running.issuer, MACHINE_KEY: JSON.stringify(await exportJWK(privateKey)) }
    const { stdout } = await promisify(execFile)(process.execPath, args, { env })
    expect((await introspect(running, stdout.trim())).body).toMatchObject({
      active: true,
      sub: 'client:reports',
      scope: 'read',
    })
  })

  it.each(['test-client', 'television'])('shows how a device gets a code, here %s', async (clientId) => {
    const [, path = ''] = /\$ISSUER(\S+)/.exec(example('sh')) ?? []
    const fields = Object.fromEntries(
      [...example('sh').matchAll(/-d (\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
    )
    const answer = await post(`${running.issuer}${path}`, { ...fields, client_id: clientId })
    expect(answer).toMatchObject({ status: 200, body: { user_code: expect.any(String), interval: 5 } })
  })
})
