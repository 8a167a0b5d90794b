import process from 'node:process'
import { openTokenStore } from '../../client/vault/open-token-store.ts'

// Saves tokens in the store that the system's keychain, or a passphrase, protects, or reads them.

const [folder = '', command] = process.argv.slice(2)
const store = openTokenStore({
  folder,
  given: process.env.TOKEN_STORE_PASSPHRASE,
  tell: (message) => void process.stdout.write(`${message}\n`),
})
const key = { profile: 'default', issuer: 'https://idp.example', resource: 'https://mcp.example/mcp' }
const tokens = { ...key, clientId: 'a-client', accessToken: 'an-access-token', scopes: [] }
try {
  if (command === 'save') {
    await store.tokens.update(key, async () => tokens)
    process.stdout.write('saved\n')
  } else {
    process.stdout.write(`opened ${(await store.tokens.read(key))?.accessToken}\n`)
  }
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`)
}
