import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { printable } from '../runtime/printable.ts'
import { promptSecrets } from '../runtime/prompt-secrets.ts'
import { widthOf } from '../runtime/wrap.ts'
import type { DeviceInstructions } from './grants/device-code.ts'
import { openBrowser } from './open-browser.ts'

/** Results go to standard output, everything else to standard error. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`)
export const tell = (line: string): void => void process.stderr.write(`${line}\n`)

/** How many characters of what is told fit on a line. */
export const messageWidth = (): number => widthOf(process.stderr)

/** Asks for a secret. Undefined where nobody can type. */
export const askSecret = process.stdin.isTTY
  ? async (question: string) => {
      const [secret = ''] = await promptSecrets([question], { input: process.stdin, output: process.stderr })
      return secret
    }
  : undefined

/** Shows where to sign in, and opens it. */
export async function visit(url: URL): Promise<void> {
  const scope = url.searchParams.get('scope')
  tell(printable(`Sign in with your browser${scope ? `, to grant ${scope}` : ''}:\n\n  ${url.href}\n`))
  const opened = await openBrowser(url, process)
  tell(
    `${opened ? 'It was opened for you.' : 'No browser could be opened here: follow that link.'} Waiting …`,
  )
}

/** Takes the address that a browser on another machine ended on. Undefined where nobody can type. */
export const pastedCallback = process.stdin.isTTY
  ? async (wanted: string, signal: AbortSignal, isCallback: (url: URL) => boolean): Promise<URL> => {
      tell('Is the browser on another machine? Then paste here the address that it ends on, and press Enter.')
      const lines = createInterface({ input: process.stdin })
      try {
        for (;;) {
          const typed = URL.parse((await lines.question('', { signal })).trim())
          if (typed && isCallback(typed)) return typed
          const isOlder = typed?.href.startsWith(wanted) === true
          tell(
            isOlder
              ? 'That address answers another sign-in. Open the address above again, and paste the one it ends on.'
              : `That is not the address that the browser ended on. It begins with ${wanted}`,
          )
        }
      } finally {
        lines.close()
      }
    }
  : undefined

/** Shows what to do on another device (RFC 8628 §3.3). */
export function showDevice(instructions: DeviceInstructions): void {
  const { userCode, verificationUri, verificationUriComplete, expiresInSeconds } = instructions
  const minutes = Math.round(expiresInSeconds / 60)
  const direct = verificationUriComplete
    ? `\n\nOr open this, which has the code in it:\n\n  ${verificationUriComplete.href}`
    : ''
  tell(
    printable(
      `On any device, open\n\n  ${verificationUri.href}\n\nand enter the code\n\n  ${userCode}${direct}\n\nThe code works for ${minutes} minutes. Waiting …`,
    ),
  )
}

/** All of standard input. */
export async function readStandardInput(): Promise<string> {
  return await text(process.stdin)
}
