import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { exportJWK, generateKeyPair } from 'jose'
import { readClientsFile } from '../config/clients-file.ts'
import './support/same-realm-clone.ts'
import { writeClientsFile } from './support/clients-file.ts'
import { introspect, post } from './support/sign-in.ts'
import { type RunningProvider, startProvider } from './support/start-provider.ts'

const page = await readFile('docs/clients.md', 'utf8')
const example = (language: string) =>
  new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? `no example in ${language}`
const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })

/** The example, filled in as the page says. */
async function filledIn() {
  const clients = JSON.parse(example('json'))
  clients[0].client_secret = randomBytes(32).toString('base64')
  clients[2].jwks.keys = [await exportJWK(publicKey)]
  return clients
}

let running: RunningProvider
beforeAll(async () => {
  running = await startProvider({ env: { CLIENTS: writeClientsFile(await filledIn()) } })
})
afterAll(() => running.stop())

describe('docs/clients.md', () => {
  it('shows a file that can be used once it has a secret and a key of its own', () => {
    expect(running.config.clients.map(({ client_id: id }) => id)).toEqual(['portal', 'television', 'reports'])
  })

  it('shows no secret and no key that could be used as they stand there', () => {
    const { problems } = readClientsFile(writeClientsFile(example('json')), [])
    expect(problems.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/^client "portal": client_secret is the placeholder/),
      expect.stringMatching(/^client "reports": jwks.keys.0 cannot be read as a key/),
    ])
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
