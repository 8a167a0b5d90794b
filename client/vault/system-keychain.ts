import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Keychain } from './keychain-key.ts'

/** A keychain that is locked asks its owner, who needs a moment; one that hangs must not hang us. Milliseconds. */
const answerTimeoutMs = 60_000

/** Finding out whether there is a keychain asks nobody, in milliseconds. */
const probeTimeoutMs = 3000

/** What the process beside this one is asked. */
export type KeychainRequest =
  | { readonly ask: 'probe' }
  | { readonly ask: 'read'; readonly account: string }
  | { readonly ask: 'write'; readonly account: string; readonly secret: string }

/** What it answers. */
export type KeychainAnswer =
  | { readonly ok: true; readonly secret?: string | undefined }
  | { readonly ok: false; readonly reason: string }

/**
 * The keychain of macOS, the Credential Manager of Windows, or the Secret Service of a Linux desktop.
 * It is asked in a process of its own: a bus that never answers would block this one for a minute.
 * @returns undefined when there is none
 */
export async function openSystemKeychain(): Promise<Keychain | undefined> {
  try {
    await ask({ ask: 'probe' }, probeTimeoutMs)
  } catch {
    return undefined
  }
  return {
    read: async (account) => (await ask({ ask: 'read', account }, answerTimeoutMs)).secret,
    async write(account, secret) {
      await ask({ ask: 'write', account, secret }, answerTimeoutMs)
    },
  }
}

async function ask(
  request: KeychainRequest,
  timeoutMs: number,
): Promise<Extract<KeychainAnswer, { ok: true }>> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const program = fileURLToPath(new URL(`./keychain-process.${extension}`, import.meta.url))
  const child = spawn(process.execPath, [program], {
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk
  })
  child.stdin.on('error', () => {}) // it ended before it read: its exit tells
  child.stdin.end(JSON.stringify(request))
  await once(child, 'close')
  const answer = parse(output)
  if (answer?.ok) return answer
  throw new Error(answer?.reason ?? 'the keychain did not answer')
}

function parse(output: string): KeychainAnswer | undefined {
  try {
    return JSON.parse(output) as KeychainAnswer
  } catch {
    return undefined
  }
}
