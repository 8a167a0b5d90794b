import { readFile } from 'node:fs/promises'
import type { CommandOptions } from './command-line.ts'
import { ClientFailure, codeOf, exitStatus } from './failure.ts'
import { authorizationCode } from './grants/authorization-code.ts'
import { clientCredentials } from './grants/client-credentials.ts'
import { type DeviceInstructions, deviceCode } from './grants/device-code.ts'
import type { Grant } from './grants/grant.ts'
import { jwtBearer } from './grants/jwt-bearer.ts'

/** What signing in needs of the terminal. */
export interface SignInTerminal {
  /** Shows the user the authorization URL, and opens it where possible. */
  readonly visit: (url: URL) => Promise<void>
  /** Told of the callback before it is judged. */
  readonly onCallback: (callback: URL) => void
  /** Takes a callback that the user pastes. Absent where nobody can type. */
  readonly pastedCallback?: (signal: AbortSignal) => Promise<URL>
  /** Tells the user what to do on another device. */
  readonly show: (instructions: DeviceInstructions) => void
  readonly signal: AbortSignal
}

/** The grant that the command line asks for. */
export function chooseGrant(options: CommandOptions, terminal: SignInTerminal): Grant {
  switch (options.grant) {
    case 'device':
      return deviceCode(terminal)
    case 'client-credentials':
      return clientCredentials()
    case 'assertion':
      return jwtBearer({ assertion: async () => await readAssertion(options.assertionFile ?? '') })
    case 'browser':
      return authorizationCode(terminal)
  }
}

/** Read anew each time: platforms renew what they give their workloads. */
async function readAssertion(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    throw new ClientFailure(`The assertion file ${file} cannot be read (${codeOf(cause)}).`, {
      status: exitStatus.usage,
      hint: 'It holds the signed token that your platform gives this workload.',
      cause,
    })
  }
}
