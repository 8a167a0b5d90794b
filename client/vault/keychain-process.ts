import process from 'node:process'
import { text } from 'node:stream/consumers'
import { Entry } from '@napi-rs/keyring'
import type { KeychainAnswer, KeychainRequest } from './system-keychain.ts'

// Asks the keychain one question, given on standard input, and answers on standard output.

const service = 'mcp-gatehouse'

/** On Linux the Secret Service alone: the kernel's keyring, the library's other choice, forgets at log-out. */
function entry(account: string): Entry {
  return new Entry(service, account, { linux: { store: 'secret-service' } })
}

function answer(request: KeychainRequest): KeychainAnswer {
  switch (request.ask) {
    case 'probe':
      entry('probe')
      return { ok: true }
    case 'read':
      return { ok: true, secret: entry(request.account).getPassword() ?? undefined }
    case 'write':
      entry(request.account).setPassword(request.secret)
      return { ok: true }
  }
}

let result: KeychainAnswer
try {
  result = answer(JSON.parse(await text(process.stdin)) as KeychainRequest)
} catch (error) {
  result = { ok: false, reason: error instanceof Error ? error.message : String(error) }
}
process.stdout.write(JSON.stringify(result))
